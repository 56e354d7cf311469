/** Where the fleet asks who looks: the token, kept by this tab alone. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/field.tsx';
import { client } from '../../data/client.ts';
import { dropToken, keepToken } from '../../data/session.ts';
import { useSession } from '../../data/views.ts';

export function Gate() {
  const [token, setToken] = useState('');
  const [isTried, setTried] = useState(false);
  const { isFetching } = useSession();
  const enter = () => {
    dropToken();
    keepToken(token.trim());
    setTried(true);
    void client.resetQueries();
  };
  return (
    <main className="gate">
      <Form
        className="panel gate-form"
        onSubmit={(event) => {
          event.preventDefault();
          enter();
        }}
      >
        <h1>Who is looking?</h1>
        <p className="soft">
          This fleet asks for a token. Whoever runs the dashboard has it; the file it was started with holds only its
          hash.
        </p>
        <TextField
          label="Token"
          type="password"
          value={token}
          onChange={setToken}
          autoFocus
          isRequired
          hint="Kept by this tab until it is closed."
        />
        {isTried && !isFetching ? (
          <p className="problem" role="alert">
            This token is not one of the fleet's. Next: ask for another, or have one made and listed in the dashboard's
            configuration.
          </p>
        ) : null}
        <Button type="submit" look="primary">
          Look at the fleet
        </Button>
      </Form>
    </main>
  );
}
