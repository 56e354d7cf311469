/** What the rail knows of the log: its head, the newest thousand events, and the one that is looked at. */
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { read } from '../../data/api.ts';
import { useLines } from '../../data/lines.ts';
import type { Line, Many } from '../../data/shapes.ts';

export interface RailMark {
  readonly at: number;
  readonly text: string;
  readonly look: 'trouble' | 'asked' | 'system';
}

export interface Rail {
  readonly head: number;
  readonly marks: ReadonlyMap<number, RailMark>;
}

/** As many as one page holds: what is older is found by its position, without a tick. */
const marksMax = 1_000;

export function useRail(at: number | null): Rail {
  const lines = useLines();
  const { data: page } = useQuery({
    queryKey: ['rail', 'newest'],
    queryFn: ({ signal }) => read<Many<Line>>('/v1/events', { query: { limit: marksMax }, signal }),
  });
  const isKnown = at === null || (page?.items ?? lines).some(({ event }) => event.position === at);
  const { data: looked } = useQuery({
    queryKey: ['rail', at],
    queryFn: ({ signal }) => read<Many<Line>>('/v1/events', { query: { from: at, to: at, limit: 1 }, signal }),
    enabled: !isKnown,
  });
  return useMemo(() => {
    const marks = new Map<number, RailMark>();
    for (const line of [...(page?.items ?? []), ...lines, ...(looked?.items ?? [])]) {
      marks.set(line.event.position, markOf(line));
    }
    const head = Math.max(page?.position ?? 0, lines[0]?.event.position ?? 0, at ?? 0, 1);
    return { head, marks };
  }, [page, lines, looked, at]);
}

function markOf({ text, trouble, event }: Line): RailMark {
  const look = trouble ? 'trouble' : event.principal === 'system' ? 'system' : 'asked';
  return { at: event.at, text, look };
}
