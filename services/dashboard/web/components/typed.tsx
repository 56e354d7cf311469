/** A command to type in a terminal, with a button that copies it. */
import { useState } from 'react';
import { Button } from './button.tsx';
import { useNotices } from './notices.tsx';

export function Typed({ command }: { readonly command: string }) {
  const [isCopied, setCopied] = useState(false);
  const { say } = useNotices();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      setCopied(true);
    } catch {
      // Without a secure context the browser gives no clipboard: the text is there to be marked by hand.
      say({ text: 'The browser does not let this page copy: mark the command by hand.', look: 'warning' });
    }
  };
  return (
    <div className="typed">
      <code>{command}</code>
      <Button
        size="small"
        look="quiet"
        onPress={() => void copy()}
        aria-label={`${isCopied ? 'Copied' : 'Copy'}: ${command}`}
      >
        {isCopied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  );
}
