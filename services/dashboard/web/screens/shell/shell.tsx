/** What stands around every screen: the way to the others, how the connection is, and which instant is shown. */
import { useEffect } from 'react';
import { useAt, usePlace } from '../../data/place.ts';
import { ConnectionBanner } from './connection-banner.tsx';
import { PastBanner } from './past-banner.tsx';
import { Palette } from './palette.tsx';
import { screenAt } from './routes.tsx';
import { Side } from './side.tsx';
import { TimeRail } from './time-rail.tsx';

export function Shell() {
  const { path } = usePlace();
  const at = useAt();
  useEffect(() => {
    if (at === null) delete document.documentElement.dataset['time'];
    else document.documentElement.dataset['time'] = 'past';
  }, [at]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the screen
      </a>
      <Side />
      <main className="main" id="main" tabIndex={-1}>
        <ConnectionBanner />
        <PastBanner />
        {screenAt(path)}
      </main>
      <TimeRail />
      <Palette />
    </div>
  );
}
