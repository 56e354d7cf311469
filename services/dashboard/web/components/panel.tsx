/** A part of a screen with its heading, and what may be done to it at the right. */
import { type ReactNode, useId } from 'react';

export interface PanelProps {
  readonly title: string;
  /** Beside the heading, in few words. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** Content up to the edges: tables and lists have their own insets. */
  readonly flush?: boolean;
  readonly className?: string;
}

export function Panel({ title, note, actions, children, flush = false, className = '' }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id} data-flush={flush || undefined}>
      <header className="panel-head">
        <h2 id={id}>{title}</h2>
        {note === undefined ? null : <span className="panel-note">{note}</span>}
        {actions === undefined ? null : <div className="panel-actions">{actions}</div>}
      </header>
      <div className="panel-body">{children}</div>
    </section>
  );
}
