/** The whole of the page: the cache, the notices, and the screen its address names, once it is known who looks. */
import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect } from 'react';
import { I18nProvider, RouterProvider } from 'react-aria-components';
import { NoticesProvider } from '../../components/notices.tsx';
import { client, startLive } from '../../data/client.ts';
import { go } from '../../data/place.ts';
import { problemOf } from '../../data/problem.ts';
import { useSession } from '../../data/views.ts';
import { Gate } from './gate.tsx';
import { Shell } from './shell.tsx';

export function App() {
  return (
    <QueryClientProvider client={client}>
      <I18nProvider locale="en-US">
        <RouterProvider navigate={(path) => go(path)}>
          <NoticesProvider>
            <Entrance />
          </NoticesProvider>
        </RouterProvider>
      </I18nProvider>
    </QueryClientProvider>
  );
}

/** A fleet with tokens asks for one first; everything else is drawn at once, whatever the server's health. */
function Entrance() {
  const { error, data } = useSession();
  const isRefused = error !== null && problemOf(error).status === 401;
  const isIn = data !== undefined;
  useEffect(() => {
    if (isIn) startLive();
  }, [isIn]);
  return isRefused ? <Gate /> : <Shell />;
}
