/** A lost connection is said at once, with what it means: the screens show what was last heard. */
import { Age } from '../../components/age.tsx';
import { useConnection } from '../../data/client.ts';

export function ConnectionBanner() {
  const connection = useConnection();
  return (
    <div role="status" className="banner-place">
      {connection.status === 'lost' ? (
        <div className="banner" data-look="bad">
          <strong>Connection lost</strong>
          <span>
            <Age at={connection.since} /> ago. You see what was last heard; it heals by itself once the dashboard
            answers again.
          </span>
          <span className="banner-aside">{connection.problem.message}</span>
        </div>
      ) : null}
      {connection.status === 'live' && connection.bus === 'disconnected' ? (
        <div className="banner" data-look="bad">
          <strong>The dashboard has lost NATS</strong>
          <span>Gateways and balancers go on serving what they hold. Next: look at the NATS server.</span>
        </div>
      ) : null}
    </div>
  );
}
