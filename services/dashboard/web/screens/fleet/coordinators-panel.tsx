/** Who leads, who stands by, and whether what is acknowledged survives a power cut. */
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import type { FleetView } from '../../data/shapes.ts';

const durabilityText = {
  'fsync-always': 'every write is on the disk before it counts',
  'fsync-interval': 'NATS writes to the disk now and then: a power cut may lose the last moments',
  unknown: 'whether NATS syncs each write is not known',
} as const;

export function CoordinatorsPanel({ fleet: { coordinators, term } }: { readonly fleet: FleetView }) {
  const leader = coordinators.find(({ role }) => role === 'leader');
  return (
    <Panel title="Coordinators" note={`term ${term}`}>
      {coordinators.length === 0 ? (
        <p className="soft">
          None has been heard of. Servers and balancers go on with what they hold; nothing can be changed. Next: start
          one with <code>muster coordinator run</code>.
        </p>
      ) : (
        <ul className="rows">
          {coordinators.map(({ instance, role }) => (
            <li key={instance} className="row">
              <div className="row-line">
                <StatusMark mark={role === 'leader' ? 'live' : 'available'} word="" />
                <span className="mono cut">{instance}</span>
                <span className="row-aside faint">{role === 'leader' ? 'leads' : 'stands by'}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
      {leader === undefined ? null : <p className="faint">{durabilityText[leader.durability]}</p>}
    </Panel>
  );
}
