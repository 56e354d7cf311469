/** Asks whether it is meant, and why: the reason is kept in the log with what it caused. */
import { type ReactNode, useState } from 'react';
import { Form } from 'react-aria-components';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';

export interface ConfirmDialogProps {
  readonly title: string;
  /** What the button that does it says: a verb and its object. */
  readonly button: string;
  readonly look?: 'primary' | 'danger';
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onConfirm: (reason: string) => Promise<void>;
  readonly children: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, button, look = 'primary', isOpen, onClose, onConfirm, children } = props;
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    await onConfirm(reason);
    setBusy(false);
    setReason('');
  };
  const close = () => {
    setReason('');
    onClose();
  };
  return (
    <Dialog title={title} isOpen={isOpen} onClose={close}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <div className="soft">{children}</div>
        <TextField
          label="Reason"
          value={reason}
          onChange={setReason}
          autoFocus
          placeholder="kept in the log; may be empty"
        />
        <div className="form-buttons">
          <Button onPress={close}>Cancel</Button>
          <Button type="submit" look={look} isDisabled={isBusy}>
            {button}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
