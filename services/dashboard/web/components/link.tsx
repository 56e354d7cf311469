/** A link inside the page: a real address that keeps the instant shown, followed without loading the page anew. */
import type { ReactNode } from 'react';
import { Link as AriaLink } from 'react-aria-components';
import { hrefOf, usePlace } from '../data/place.ts';

export interface LinkProps {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string;
  /** Marks the screen one is on. */
  readonly isNav?: boolean;
}

export function Link({ to, children, className = '', isNav = false }: LinkProps) {
  const { path } = usePlace();
  const isHere = isNav && (path === to || (to !== '/' && path.startsWith(`${to}/`)));
  return (
    <AriaLink href={hrefOf(to)} className={className} {...(isHere ? { 'aria-current': 'page' as const } : {})}>
      {children}
    </AriaLink>
  );
}
