/**
 * The chart of src/server-machine as a drawing: every status and the ways between them, the one the server is in, and
 * the ways it took, each with the position of the event it took it by.
 */
import { lookByMark } from '../../components/status.ts';
import { arrows, places, type ChartArrow, type ChartName } from './chart-shape.ts';
import type { Visit } from './visits.ts';

export interface StatusChartProps {
  readonly status: ChartName;
  readonly visits: readonly Visit[];
}

const box = { width: 104, height: 34 } as const;

export function StatusChart({ status, visits }: StatusChartProps) {
  const taken = takenWays(visits);
  const sentence = visits.map((visit) => `${visit.status} at ${visit.position}`).join(', then ');
  return (
    <figure className="chart">
      <svg viewBox="8 -46 724 368" role="img" aria-label={`It is ${status}. It was ${sentence || 'not heard of'}.`}>
        <defs>
          {(['usual', 'taken'] as const).map((look) => (
            <marker
              key={look}
              id={`arrow-${look}`}
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="9"
              markerUnits="userSpaceOnUse"
              markerHeight="9"
              orient="auto"
            >
              <path d="M0 0 8 4 0 8z" className={`chart-head-${look}`} />
            </marker>
          ))}
        </defs>
        {arrows.map((arrow) => (
          <Way key={`${arrow.from}-${arrow.to}`} arrow={arrow} position={taken.get(`${arrow.from}-${arrow.to}`)} />
        ))}
        {(Object.keys(places) as ChartName[]).map((name) => (
          <Place
            key={name}
            name={name}
            isHere={name === status}
            isVisited={visits.some((visit) => visit.status === name)}
          />
        ))}
      </svg>
      <figcaption>
        <ol className="chart-path" aria-label="How it came here">
          {visits.slice(-8).map((visit) => (
            <li key={visit.position} title={visit.text}>
              <span className="mono faint">{visit.position}</span> {visit.status}
            </li>
          ))}
        </ol>
      </figcaption>
    </figure>
  );
}

function Way({ arrow, position }: { readonly arrow: ChartArrow; readonly position: number | undefined }) {
  const look = position === undefined ? 'usual' : 'taken';
  return (
    <g className="chart-way" data-look={look}>
      <path d={arrow.path} markerEnd={`url(#arrow-${look})`} />
      {position === undefined ? null : (
        <text x={arrow.label[0]} y={arrow.label[1]} className="chart-position">
          {position}
        </text>
      )}
    </g>
  );
}

interface PlaceProps {
  readonly name: ChartName;
  readonly isHere: boolean;
  readonly isVisited: boolean;
}

function Place({ name, isHere, isVisited }: PlaceProps) {
  const [x, y] = places[name];
  const look = name === 'gone' ? null : lookByMark[name];
  return (
    <g
      className="chart-place"
      data-here={isHere || undefined}
      data-visited={isVisited || undefined}
      transform={`translate(${x - box.width / 2} ${y - box.height / 2})`}
    >
      <rect {...box} rx="8" />
      {look === null ? null : (
        <path
          d={look.path}
          fill={`var(--${look.colour})`}
          fillRule="evenodd"
          transform="translate(12 10) scale(.875)"
        />
      )}
      <text x={look === null ? 36 : 34} y="21.5">
        {name}
      </text>
    </g>
  );
}

/** The last event by which each way was taken. */
function takenWays(visits: readonly Visit[]): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  for (const [index, visit] of visits.entries()) {
    const before = visits[index - 1];
    if (before !== undefined) taken.set(`${before.status}-${visit.status}`, visit.position);
  }
  return taken;
}
