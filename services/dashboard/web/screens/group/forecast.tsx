/** What the fleet's own decider and machines say would come of the draft: refusals, warnings, each change of the pool. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Forecast } from '../../../../../schemas/forecast.ts';
import type { GroupName, ServerId } from '../../../../../schemas/ids.ts';
import type { GroupView } from '../../../../../schemas/views.ts';
import { ProblemNote } from '../../components/problem-note.tsx';
import { whatIf } from '../../data/api.ts';
import type { Draft } from './draft.ts';

export interface ForecastProps {
  readonly group: GroupView;
  readonly draft: Draft;
}

/** While somebody moves one after the other, the last is asked about. */
const settleMs = 150;
const stepsMax = 8;

export function ForecastPanel({ group, draft }: ForecastProps) {
  const asked = useSettled(draft);
  const { data, error } = useQuery({
    queryKey: ['what-if', null, group.group, [...asked.joins], [...asked.leaves]],
    queryFn: ({ signal }) =>
      whatIf<'group.set-servers', Forecast>(
        'group.set-servers',
        {
          group: group.name as GroupName,
          add: [...asked.joins] as ServerId[],
          remove: [...asked.leaves] as ServerId[],
        },
        signal,
      ),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  if (error !== null) return <ProblemNote caught={error} what="What would follow could not be worked out" />;
  if (data === undefined) return <p className="soft">Working out what would follow…</p>;
  return <ForecastSteps forecast={data} />;
}

function ForecastSteps({ forecast: { decisions, transitions, settled } }: { readonly forecast: Forecast }) {
  const refused = decisions.find((decision) => decision.status === 'rejected');
  if (refused?.status === 'rejected') {
    const { message, next } = refused.rejection;
    return (
      <div className="problem" role="alert">
        <p>
          <strong>It would be refused:</strong> {message}
        </p>
        {next === undefined ? null : <p>Next: {next}</p>}
      </div>
    );
  }
  const warnings = decisions.flatMap((decision) =>
    decision.status === 'accepted' ? (decision.event.warnings ?? []) : [],
  );
  const pools = transitions.filter((transition) => transition.kind === 'pool');
  return (
    <div>
      <h3>Then, in the pool</h3>
      {warnings.map((warning) => (
        <p key={warning} className="warning">
          {warning}
        </p>
      ))}
      <ol className="preview-list">
        {pools.slice(0, stepsMax).map(({ entered, draining, left, serving }, step) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a forecast is shown whole, its steps never move.
          <li key={step}>
            {[said('enters', entered), said('drains', draining), said('is out', left)]
              .filter((part) => part !== '')
              .join('; ')}
            <span className="faint">: {serving} then take requests</span>
          </li>
        ))}
        {pools.length === 0 ? <li className="soft">nothing changes</li> : null}
        {pools.length > stepsMax ? <li className="soft">and {pools.length - stepsMax} more steps</li> : null}
        {settled ? null : <li className="soft">and on from there: it was not played to its end</li>}
      </ol>
    </div>
  );
}

function said(verb: string, servers: readonly string[]): string {
  if (servers.length === 0) return '';
  const names = servers.slice(0, 3).join(', ');
  return servers.length > 3 ? `${names} and ${servers.length - 3} more: ${verb}` : `${names} ${verb}`;
}

function useSettled(draft: Draft): Draft {
  const [settledDraft, settle] = useState(draft);
  useEffect(() => {
    const timer = setTimeout(() => settle(draft), settleMs);
    return () => clearTimeout(timer);
  }, [draft]);
  return settledDraft;
}
