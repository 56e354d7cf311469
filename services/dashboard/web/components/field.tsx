/** Fields of forms: a label that is always there, the field, and below it what is wrong or what it means. */
import type { ReactNode } from 'react';
import {
  Button,
  Checkbox,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  NumberField as AriaNumberField,
  Popover,
  SearchField as AriaSearchField,
  Select as AriaSelect,
  SelectValue,
  Text,
  TextField as AriaTextField,
} from 'react-aria-components';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly autoFocus?: boolean;
  readonly type?: 'text' | 'password';
  readonly isRequired?: boolean;
}

export function TextField({ label, value, onChange, hint, placeholder, autoFocus, type, isRequired }: TextFieldProps) {
  return (
    <AriaTextField
      className="field"
      value={value}
      onChange={onChange}
      autoComplete="off"
      type={type ?? 'text'}
      isRequired={isRequired ?? false}
      autoFocus={autoFocus ?? false}
    >
      <Label>{label}</Label>
      <Input className="input" placeholder={placeholder ?? ''} />
      <Hint>{hint}</Hint>
    </AriaTextField>
  );
}

export interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly min: number;
  readonly max: number;
  readonly unit?: string;
  readonly hint?: string;
}

export function NumberField({ label, value, onChange, min, max, unit, hint }: NumberFieldProps) {
  return (
    <AriaNumberField
      className="field"
      value={value}
      minValue={min}
      maxValue={max}
      onChange={onChange}
      formatOptions={{ useGrouping: false }}
    >
      <Label>{unit === undefined ? label : `${label} (${unit})`}</Label>
      <Input className="input" />
      <Hint>{hint}</Hint>
    </AriaNumberField>
  );
}

export interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
}

export function SearchField({ label, value, onChange, placeholder = 'Search' }: SearchFieldProps) {
  return (
    <AriaSearchField className="search" aria-label={label} value={value} onChange={onChange}>
      <Input className="input" placeholder={placeholder} />
      <Button className="button search-clear" data-look="quiet" data-size="small">
        ✕
      </Button>
    </AriaSearchField>
  );
}

export interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options: readonly { readonly id: string; readonly text: string }[];
  readonly placeholder?: string;
  /** The label beside the field, for the eye only where there is room. */
  readonly isLabelHidden?: boolean;
}

export function Select({ label, value, onChange, options, placeholder, isLabelHidden = false }: SelectProps) {
  return (
    <AriaSelect
      className="field"
      {...(isLabelHidden ? { 'aria-label': label } : {})}
      value={value === '' ? null : value}
      onChange={(key) => onChange(key === null ? '' : String(key))}
      placeholder={placeholder ?? 'Choose'}
    >
      {isLabelHidden ? null : <Label>{label}</Label>}
      <Button className="select">
        <SelectValue className="cut" />
        <span aria-hidden="true">▾</span>
      </Button>
      <Popover className="popover" offset={4}>
        <ListBox className="menu" items={options}>
          {({ id, text }) => (
            <ListBoxItem id={id} textValue={text} className="menu-item">
              {text}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

function Hint({ children }: { readonly children: ReactNode }) {
  if (children === undefined) return null;
  return (
    <Text slot="description" className="hint">
      {children}
    </Text>
  );
}

export interface CheckFieldProps {
  readonly label: string;
  readonly isSelected: boolean;
  readonly onChange: (isSelected: boolean) => void;
}

export function CheckField({ label, isSelected, onChange }: CheckFieldProps) {
  return (
    <Checkbox className="checkbox" isSelected={isSelected} onChange={onChange}>
      <span className="checkbox-box" aria-hidden="true" />
      {label}
    </Checkbox>
  );
}
