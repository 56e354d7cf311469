/**
 * Buttons. One that may not be used now stays where it is and can be reached: pressed, it says why not, since a grey
 * button that says nothing is a riddle.
 */
import type { ReactNode } from 'react';
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Tooltip,
  TooltipTrigger,
} from 'react-aria-components';
import { useNotices } from './notices.tsx';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'children'> {
  readonly children: ReactNode;
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly size?: 'small' | 'usual';
  /** Why it may not be used now; empty: it may. */
  readonly blocked?: string;
}

export function Button({ children, look = 'plain', size = 'usual', blocked = '', ...props }: ButtonProps) {
  const { say } = useNotices();
  const { onPress } = props;
  return (
    <AriaButton
      {...props}
      className="button"
      data-look={look}
      data-size={size}
      {...(blocked === '' ? {} : { 'data-blocked': true, onPress: () => say({ text: blocked, look: 'warning' }) })}
      {...(blocked === '' && onPress !== undefined ? { onPress } : {})}
    >
      {children}
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children'> {
  /** What it does: read out, and shown on hover and focus. */
  readonly label: string;
  readonly children: ReactNode;
}

export function IconButton({ label, children, ...props }: IconButtonProps) {
  return (
    <TooltipTrigger delay={400}>
      <Button look="quiet" {...props} aria-label={label}>
        {children}
      </Button>
      <Tooltip className="tooltip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}
