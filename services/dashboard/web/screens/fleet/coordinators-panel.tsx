/** Who leads, who stands by and how far behind, and whether what is acknowledged survives a power cut. */
import { Panel } from '../../components/panel.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { useAt } from '../../data/place.ts';
import type { FleetView, ReplicaBeat } from '../../data/shapes.ts';
import { sentence } from '../../components/sentence.ts';

const durabilityText = {
  'fsync-always': 'every write is on the disk before it counts',
  'fsync-interval': 'NATS writes to the disk now and then: a power cut may lose the last moments',
  unknown: 'whether NATS syncs each write is not known',
} as const;

export function CoordinatorsPanel({ fleet: { coordinators, term } }: { readonly fleet: FleetView }) {
  const isPast = useAt() !== null;
  const leader = coordinators.find(({ role }) => role === 'leader');
  return (
    <Panel title="Coordinators" note={`term ${term}`}>
      {isPast ? <p className="soft">Who stood by is not in the log; who led began term {term}.</p> : null}
      {coordinators.length === 0 && !isPast ? (
        <p className="soft">
          None has been heard of. Servers and balancers go on with what they hold; nothing can be changed. Next: start
          one with <code>muster coordinator run</code>.
        </p>
      ) : null}
      <ul className="rows">
        {coordinators.map((coordinator) => (
          <CoordinatorRow key={coordinator.instance} coordinator={coordinator} head={leader?.position ?? 0} />
        ))}
      </ul>
      {leader === undefined ? null : <p className="faint">{sentence(durabilityText[leader.durability])}.</p>}
    </Panel>
  );
}

interface CoordinatorRowProps {
  readonly coordinator: ReplicaBeat;
  /** The leader's position. */
  readonly head: number;
}

function CoordinatorRow({ coordinator: { instance, role, position, troubles }, head }: CoordinatorRowProps) {
  const behind = Math.max(0, head - position);
  return (
    <li className="row">
      <div className="row-line">
        <StatusMark mark={role === 'leader' ? 'live' : 'available'} word="" />
        <span className="mono cut">{instance}</span>
        <span className="row-aside faint">
          {role === 'leader' ? 'leads' : behind === 0 ? 'stands by' : `stands by, ${behind} behind`}
        </span>
      </div>
      {troubles.map((text) => (
        <p key={text} className="bad">
          {sentence(text)}.
        </p>
      ))}
    </li>
  );
}
