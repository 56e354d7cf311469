/** An address that names no screen. */
import { Link } from '../../components/link.tsx';
import { Screen } from '../../components/screen.tsx';

export function NowhereScreen({ path }: { readonly path: string }) {
  return (
    <Screen title="Nothing here">
      <p>
        There is no screen at <code>{path}</code>. Next: <Link to="/">see the fleet</Link>, or press <kbd>Ctrl</kbd>{' '}
        <kbd>K</kbd> and type the name of what you look for.
      </p>
    </Screen>
  );
}
