/** The timeline's pages, newest first: more of them the further somebody scrolls; new events come in by themselves. */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { read } from '../../data/api.ts';
import { useAt } from '../../data/place.ts';
import type { Line, Many } from '../../data/shapes.ts';
import { type Filter, queryOf } from './filter.ts';

export interface Pages {
  readonly lines: readonly Line[];
  /** The head of what is shown; null: not read yet. */
  readonly position: number | null;
  readonly error: Error | null;
  readonly isReading: boolean;
  readonly hasMore: boolean;
  readonly readMore: () => void;
}

const pageMax = 200;
/** Whoever types a filter is done by then. */
const typedMs = 250;

export function usePages(filter: Filter): Pages {
  const at = useAt();
  const asked = useTyped(filter);
  const { data, error, isFetching, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['events', at, 'pages', queryOf(asked)],
    queryFn: ({ signal, pageParam }) =>
      read<Many<Line>>('/v1/events', {
        query: { ...queryOf(asked), to: at, limit: pageMax, cursor: pageParam },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (page: Many<Line>) => page.next,
    placeholderData: keepPreviousData,
  });
  const lines = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  return {
    lines,
    position: data?.pages[0]?.position ?? null,
    error,
    isReading: isFetching,
    hasMore: hasNextPage,
    readMore: () => {
      if (hasNextPage && !isFetching) void fetchNextPage();
    },
  };
}

function useTyped(filter: Filter): Filter {
  const [typed, setTyped] = useState(filter);
  useEffect(() => {
    const timer = setTimeout(() => setTyped(filter), typedMs);
    return () => clearTimeout(timer);
  }, [filter]);
  return typed;
}
