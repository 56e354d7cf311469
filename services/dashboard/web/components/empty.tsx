/** A place with nothing in it yet: says what belongs there and what to type next, ready to copy. */
import type { ReactNode } from 'react';
import { Typed } from './typed.tsx';

export interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** A command of the command line. */
  readonly command?: string;
}

export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children === undefined ? null : <p className="soft">{children}</p>}
      {command === undefined ? null : <Typed command={command} />}
    </div>
  );
}
