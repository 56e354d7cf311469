/**
 * What every screen is: a title that the tab bears too, and that takes the focus when one arrives, so that who hears
 * the page knows where they are.
 */
import { type ReactNode, useEffect, useRef } from 'react';
import { useAt } from '../data/place.ts';

export interface ScreenProps {
  readonly title: string;
  /** Beside the title: how the thing stands. */
  readonly standing?: ReactNode;
  /** Above the title: where this belongs. */
  readonly above?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Screen({ title, standing, above, actions, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const at = useAt();
  useEffect(() => {
    document.title = `${at === null ? '' : `PAST ${at} · `}${title} · Muster`;
  }, [title, at]);
  useEffect(() => {
    // Not on the first screen of a visit: there the browser's own beginning of the page is right.
    if (document.activeElement !== document.body || performance.now() > arrivalMs) heading.current?.focus();
  }, []);
  return (
    <>
      <header className="screen-head">
        <div className="screen-title">
          {above === undefined ? null : <div className="screen-above">{above}</div>}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {standing === undefined ? null : <div className="screen-standing">{standing}</div>}
        </div>
        {actions === undefined ? null : <div className="screen-actions">{actions}</div>}
      </header>
      <div className="screen-body">{children}</div>
    </>
  );
}

/** The first screen is drawn well within this. */
const arrivalMs = 1_500;
