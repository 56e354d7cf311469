/** One rollout under way: which versions, how far, what it waits for and until when, and every server in it. */
import type { RolloutView } from '../../../../../schemas/views.ts';
import { Age, Countdown } from '../../components/age.tsx';
import { Squares } from '../../components/squares.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { useAt } from '../../data/place.ts';
import { RolloutActions } from './rollout-actions.tsx';
import { RolloutServers } from './rollout-servers.tsx';
import { markByStanding, strategyText, targetText } from './rollout-words.ts';
import { Steps } from './steps.tsx';

export interface UnderWayProps {
  readonly rollout: RolloutView;
  /** The group's, as people write it. */
  readonly name: string;
}

export function UnderWay({ rollout, name }: UnderWayProps) {
  const { progress, targets, status, reason, askedAt } = rollout;
  if (progress === null) return null;
  const { policy, servers } = progress;
  const id = `rollout-${rollout.rollout}`;
  return (
    <section className="panel" aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id}>{targets.map(targetText).join(', ')}</h2>
        <StatusMark mark={status} />
        <span className="panel-note">
          asked <Age at={askedAt} /> ago
        </span>
        <div className="panel-actions">
          <RolloutActions rollout={rollout} name={name} />
        </div>
      </header>
      <div className="panel-body">
        {reason === '' ? null : (
          <p className={status === 'halted' || status === 'rolling-back' ? 'problem' : ''}>{reason}</p>
        )}
        <Steps progress={progress} targets={targets} />
        <div className="rollout-now" role="status">
          <Next rollout={rollout} />
        </div>
        <Squares
          label="Servers of this rollout"
          servers={servers.map(({ server, standing }) => ({
            server,
            status: markByStanding[standing],
            word: standing,
          }))}
        />
        <dl className="facts">
          <dt>How</dt>
          <dd>
            {strategyText(policy.strategy)}, {policy.change === 'hot' ? 'swapped while it serves' : 'drained first'};{' '}
            {policy.autoRollback ? 'goes back by itself if it fails' : 'halts if it fails'}
          </dd>
          <dt>In motion</dt>
          <dd className="numeric">
            {progress.inMotion} of {progress.inMotionMax} at a time
          </dd>
        </dl>
        <Gates rollout={rollout} />
        <RolloutServers servers={servers} />
      </div>
    </section>
  );
}

function Next({ rollout: { progress } }: { readonly rollout: RolloutView }) {
  const isPast = useAt() !== null;
  if (progress === null) return null;
  return (
    <p>
      <strong>Now:</strong> {progress.next}
      {progress.nextAt === null || isPast ? null : (
        <>
          {' '}
          (<Countdown at={progress.nextAt} />)
        </>
      )}
    </p>
  );
}

/** What it is judged by, and when it counts as failed. */
function Gates({ rollout: { progress } }: { readonly rollout: RolloutView }) {
  const isPast = useAt() !== null;
  if (progress === null || progress.gate === null || isPast) return null;
  const { gate, policy } = progress;
  const gates = [
    { name: 'Each server healthy for', text: seconds(policy.minHealthyMs), at: null },
    { name: 'Servers told must be healthy', text: '', at: gate.healthyDeadlineAt },
    { name: 'Somebody must get healthy', text: '', at: gate.progressDeadlineAt },
    { name: 'Servers that may fail', text: String(policy.failuresAllowed), at: null },
    ...(policy.errorRateMax === null
      ? []
      : [{ name: 'More errors than before', text: `at most ${policy.errorRateMax * 100} %`, at: null }]),
    ...(policy.latencyRatioMax === null
      ? []
      : [{ name: 'Slower than before', text: `at most ${policy.latencyRatioMax} times`, at: null }]),
    ...(policy.probe === null ? [] : [{ name: 'Has to answer', text: policy.probe.path, at: null }]),
  ];
  return (
    <ul className="gates" aria-label="What it is judged by">
      {gates.map(({ name, text, at }) => (
        <li key={name}>
          <span className="faint">{name}</span>
          <span className="gate-value">{at === null ? text : <Countdown at={at} />}</span>
        </li>
      ))}
    </ul>
  );
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
