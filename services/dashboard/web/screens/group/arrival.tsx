/** How far the newest change of the group has come: decided, on its servers, in its pool, at its balancers. */
import type { GroupView } from '../../../../../schemas/views.ts';

export function Arrival({ group: { status } }: { readonly group: GroupView }) {
  if (status === null) return null;
  const stages = [
    { name: 'decided', reached: status.desired },
    { name: 'on its servers', reached: status.servers },
    { name: 'in its pool', reached: status.pool },
    { name: 'at its balancers', reached: status.balancers },
  ];
  return (
    <div className="arrival-place">
      <ol className="arrival" aria-label="How far its newest change has come">
        {stages.map(({ name, reached }) => {
          const isDone = reached >= status.desired;
          return (
            <li key={name} data-done={isDone || undefined}>
              <span className="arrival-name">
                {name}
                <span className="unseen">{isDone ? ': done' : ': not yet'}</span>
              </span>
              <span className="mono numeric faint">{isDone ? status.desired : reached}</span>
            </li>
          );
        })}
      </ol>
      {status.held === null ? null : (
        <p className="problem" role="alert">
          <strong>The pool is held:</strong> {status.held}
        </p>
      )}
    </div>
  );
}
