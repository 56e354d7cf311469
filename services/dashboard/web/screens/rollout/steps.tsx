/** The steps of a rollout side by side: done, under way, to come; and what each waits for. */
import type { RolloutView } from '../../../../../schemas/views.ts';
import { durationText } from '../../components/time-text.ts';
import { targetText } from './rollout-words.ts';

export interface StepsProps {
  readonly progress: NonNullable<RolloutView['progress']>;
  readonly targets: RolloutView['targets'];
}

export function Steps({ progress, targets }: StepsProps) {
  const { members, moved, healthy, target } = progress;
  const step = stepOf(progress);
  const shares = { healthy: share(healthy, members), moved: share(moved, members) };
  return (
    <div className="steps">
      {targets.length < 2 ? null : (
        <ol className="steps-targets" aria-label="Its projects in order">
          {targets.map((each, index) => (
            <li key={each.project} data-look={index < target ? 'done' : index === target ? 'doing' : 'waiting'}>
              {targetText(each)}
            </li>
          ))}
        </ol>
      )}
      <div
        className="progress"
        role="progressbar"
        aria-label="Servers that hold the new version and are well"
        aria-valuemin={0}
        aria-valuemax={members}
        aria-valuenow={healthy}
        aria-valuetext={`${healthy} of ${members} healthy, ${moved} told`}
      >
        <span className="progress-told" style={{ width: shares.moved }} />
        <span className="progress-done" style={{ width: shares.healthy }} />
        {progress.steps.map(({ servers, pause }) => (
          <span
            key={servers}
            className="progress-step"
            data-pause={pause || undefined}
            style={{ left: share(servers, members) }}
          />
        ))}
      </div>
      <p className="soft numeric">
        {healthy} of {members} healthy, {moved} told
      </p>
      {progress.steps.length === 0 ? null : (
        <ol className="steps-list" aria-label="Steps of the canary">
          {progress.steps.map(({ servers, bakeMs, pause }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: steps are told by their order, which never changes.
            <li key={index} data-look={index < step ? 'done' : index === step ? 'doing' : 'waiting'}>
              <strong>
                {servers} {servers === 1 ? 'server' : 'servers'}
              </strong>
              <span className="soft">
                {[bakeMs > 0 ? `watched for ${durationText(bakeMs)}` : '', pause ? 'then a person says go on' : '']
                  .filter((part) => part !== '')
                  .join(', ')}
              </span>
            </li>
          ))}
          <li data-look={step === progress.steps.length ? 'doing' : 'waiting'}>
            <strong>the rest</strong>
          </li>
        </ol>
      )}
    </div>
  );
}

/** The canary's step by the servers told: a step may take several goes, as the limits let it; past all: the rest. */
function stepOf({ steps, moved }: StepsProps['progress']): number {
  const step = steps.findIndex(({ servers }) => moved <= servers);
  return step < 0 ? steps.length : step;
}

function share(count: number, of: number): string {
  return of === 0 ? '0%' : `${Math.min(100, (count / of) * 100)}%`;
}
