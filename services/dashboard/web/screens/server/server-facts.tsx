/** What is known of a server, in one column. */
import type { ServerView } from '../../../../../schemas/views.ts';
import { Age } from '../../components/age.tsx';
import { Panel } from '../../components/panel.tsx';
import { sentence } from '../../components/sentence.ts';
import { rateText } from '../../components/traffic-text.ts';
import { useServerTraffic } from '../../data/traffic.ts';

export function ServerFacts({ server }: { readonly server: ServerView }) {
  const { address, weight, labels, agent, inFlight, seenAt, receipt, reason, next } = server;
  const pairs = Object.entries(labels);
  const traffic = useServerTraffic(server.server);
  return (
    <Panel title="Now">
      {reason === '' ? null : <p>{sentence(reason)}.</p>}
      <p className="soft">Next: {next}.</p>
      <dl className="facts">
        <dt>Address</dt>
        <dd className="mono">
          {address.host}:{address.port}
        </dd>
        <dt>In flight</dt>
        <dd className="numeric">{inFlight ?? 'not heard'}</dd>
        <dt>Traffic</dt>
        <dd className="numeric">{traffic === null ? 'not known' : rateText(traffic)}</dd>
        <dt>Last heard</dt>
        <dd>
          {seenAt === null ? (
            'not yet'
          ) : (
            <>
              <Age at={seenAt} /> ago
            </>
          )}
        </dd>
        <dt>Receipt</dt>
        <dd>{receipt === null ? 'none heard' : `for position ${receipt}`}</dd>
        <dt>Weight</dt>
        <dd className="numeric">{weight}</dd>
        <dt>Agent</dt>
        <dd className="cut" title={agent ?? ''}>
          {agent ?? 'says nothing of itself'}
        </dd>
        <dt>Labels</dt>
        <dd>{pairs.length === 0 ? 'none' : pairs.map(([name, value]) => `${name}=${value}`).join(', ')}</dd>
      </dl>
    </Panel>
  );
}
