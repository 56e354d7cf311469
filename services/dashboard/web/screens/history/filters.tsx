/** The fields that narrow the timeline. */
import { useMemo } from 'react';
import { Checkbox, Input, Label, TextField } from 'react-aria-components';
import { Button } from '../../components/button.tsx';
import { useFleet, useProjects } from '../../data/views.ts';
import { type Filter, isFiltering, noFilter } from './filter.ts';

export interface FiltersProps {
  readonly filters: Filter;
  readonly onChange: (filters: Filter) => void;
}

const fields = [
  { name: 'group', label: 'Group', list: 'filter-groups', hint: 'production' },
  { name: 'server', label: 'Server', list: undefined, hint: 'web3' },
  { name: 'project', label: 'Project', list: 'filter-projects', hint: 'hello' },
  { name: 'principal', label: 'Who asked', list: undefined, hint: 'alice' },
  { name: 'type', label: 'Type', list: undefined, hint: 'server.ready' },
  { name: 'since', label: 'Since', list: undefined, hint: '15m, or 1200' },
  { name: 'until', label: 'Until', list: undefined, hint: '5m' },
] as const;

export function Filters({ filters, onChange }: FiltersProps) {
  const { data: fleet } = useFleet();
  const { data: projects } = useProjects();
  const names = useMemo(
    () => ({
      'filter-groups': (fleet?.item.groups ?? []).map(({ group }) => group as string),
      'filter-projects': (projects?.items ?? []).map(({ project }) => project as string),
    }),
    [fleet, projects],
  );
  return (
    <search className="filters">
      {fields.map(({ name, label, list, hint }) => (
        <TextField
          key={name}
          className="filter"
          value={filters[name]}
          onChange={(text) => onChange({ ...filters, [name]: text })}
          autoComplete="off"
        >
          <Label>{label}</Label>
          <Input className="input" placeholder={hint} {...(list === undefined ? {} : { list })} />
        </TextField>
      ))}
      <Checkbox
        className="checkbox"
        isSelected={filters.rejected}
        onChange={(rejected) => onChange({ ...filters, rejected })}
      >
        <span className="checkbox-box" aria-hidden="true" />
        Refused only
      </Checkbox>
      {isFiltering(filters) ? (
        <Button size="small" look="quiet" onPress={() => onChange(noFilter)}>
          Clear
        </Button>
      ) : null}
      {Object.entries(names).map(([id, values]) => (
        <datalist key={id} id={id}>
          {values.map((value) => (
            <option key={value} value={value} />
          ))}
        </datalist>
      ))}
    </search>
  );
}
