/** What the timeline is narrowed to: the same filters as the command line's `muster log`. Pure. */
export interface Filter {
  readonly group: string;
  readonly server: string;
  readonly project: string;
  readonly principal: string;
  readonly type: string;
  readonly since: string;
  readonly until: string;
  readonly rejected: boolean;
}

export const noFilter: Filter = {
  group: '',
  server: '',
  project: '',
  principal: '',
  type: '',
  since: '',
  until: '',
  rejected: false,
};

/** What an address asks for: `/history?group=production`. */
export function filtersIn(query: URLSearchParams): Filter {
  const of = (name: string) => query.get(name) ?? '';
  return {
    ...noFilter,
    group: of('group'),
    server: of('server'),
    project: of('project'),
    principal: of('principal'),
    type: of('type'),
  };
}

export function isFiltering(filter: Filter): boolean {
  return JSON.stringify(filter) !== JSON.stringify(noFilter);
}

export function queryOf({ rejected, ...texts }: Filter): Record<string, string> {
  const given = Object.entries(texts)
    .map(([name, text]) => [name, text.trim()] as const)
    .filter(([, text]) => text !== '');
  return { ...Object.fromEntries(given), ...(rejected ? { rejected: 'true' } : {}) };
}
