/** One of many names: typed, or chosen from those that have the letters typed so far. */
import { useMemo, useState } from 'react';
import { Button, ComboBox, Input, Label, ListBox, ListBoxItem, Popover } from 'react-aria-components';

export interface NameFieldProps {
  readonly label: string;
  readonly names: readonly string[];
  /** Empty: none is chosen yet. */
  readonly value: string;
  readonly onChange: (name: string) => void;
}

/** More would only be scrolled past: a letter more brings the rest. */
const shownMax = 40;

export function NameField({ label, names, value, onChange }: NameFieldProps) {
  const [text, setText] = useState(value);
  const shown = useMemo(() => {
    const wanted = text === value ? '' : text.trim().toLowerCase();
    return names
      .filter((name) => name.includes(wanted))
      .slice(0, shownMax)
      .map((id) => ({ id }));
  }, [names, text, value]);
  return (
    <ComboBox
      className="field"
      items={shown}
      inputValue={text}
      onInputChange={setText}
      value={value === '' ? null : value}
      onChange={(key) => {
        const name = key === null ? '' : String(key);
        setText(name);
        onChange(name);
      }}
      menuTrigger="focus"
    >
      <Label>{label}</Label>
      <div className="name-field">
        <Input className="input" />
        <Button className="button" data-look="quiet" data-size="small">
          ▾
        </Button>
      </div>
      <Popover className="popover" offset={4}>
        <ListBox<{ id: string }> className="menu">
          {({ id }) => (
            <ListBoxItem id={id} textValue={id} className="menu-item">
              {id}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
