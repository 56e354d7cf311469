/**
 * PostgreSQL as an event store: one fenced append a transaction, in the shape of Emmett's `appendToStream` (a stream's
 * expected position checked and moved, the message inserted with a global position), called by pgbench in C with a
 * prepared statement. Emmett itself would do the same work and Node's on top: what stands here is more than it reaches.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';

export interface Postgres {
  readonly pid: number;
  /** Appends for so long with so many clients, each to a stream of its own; returns how many a second. */
  append(options: { run: number; clients: number; seconds: number }): Promise<{ perSecond: number; count: number }>;
  stop(): Promise<void>;
}

export type StartedPostgres =
  | { readonly status: 'started'; readonly postgres: Postgres }
  | { readonly status: 'missing'; readonly why: string };

const startTimeoutMs = 60_000;
const schema = `
create table streams (id text primary key, position bigint not null);
create table messages (stream text not null, position bigint not null, global bigserial, type text not null,
  data jsonb not null, metadata jsonb not null, transaction xid8 not null default pg_current_xact_id(),
  created timestamptz not null default now(), primary key (stream, position));
create function append_to_stream(stream_id text, expected bigint, message_type text, data jsonb) returns bigint
language plpgsql as $$
begin
  if expected = 0 then
    insert into streams values (stream_id, 1) on conflict do nothing;
  else
    update streams set position = expected + 1 where id = stream_id and position = expected;
  end if;
  if not found then raise exception 'expected position % of %', expected, stream_id; end if;
  insert into messages (stream, position, type, data, metadata)
    values (stream_id, expected + 1, message_type, data, '{"by":"bench"}');
  return expected + 1;
end $$;`;
const script = `select append_to_stream('s' || :run || '-' || :client_id, :v, 'configured', '{"server":"s1","reason":"${'b'.repeat(150)}"}');
\\set v :v + 1
`;

export async function startPostgres(): Promise<StartedPostgres> {
  const folderOf = ['postgres', 'initdb', 'pgbench', 'psql'].map((name) => [name, find(name)] as const);
  const missing = folderOf.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0) return { status: 'missing', why: `no ${missing.join(', ')} on this machine` };
  const program = Object.fromEntries(folderOf) as { [name: string]: string };
  const identity: { uid?: number; gid?: number } | undefined = process.getuid?.() === 0 ? userForServers() : {};
  if (identity === undefined) return { status: 'missing', why: 'PostgreSQL refuses root, and there is no other user' };

  const folder = mkdtempSync(join(tmpdir(), 'muster-postgres-'));
  if (identity.uid !== undefined && identity.gid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const data = join(folder, 'data');
  let child: ChildProcess | undefined;
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    execFileSync(program['initdb'] ?? '', ['-D', data, '-U', 'bench', '--auth=trust'], {
      ...identity,
      stdio: 'ignore',
      cwd: folder,
    });
    const settings = [
      '-D',
      data,
      '-k',
      folder,
      '-c',
      'listen_addresses=',
      '-c',
      'fsync=on',
      '-c',
      'synchronous_commit=on',
    ];
    child = spawn(program['postgres'] ?? '', settings, { ...identity, stdio: 'ignore', cwd: folder });
    const session = ['-h', folder, '-U', 'bench', '-d', 'postgres'];
    const psql = (sql: string) => execFileSync(program['psql'] ?? '', [...session, '-q', '-c', sql], { stdio: 'pipe' });
    await eventually(() => psql('select 1') !== undefined, { timeoutMs: startTimeoutMs, what: 'PostgreSQL' });
    psql(schema);
    const scriptFile = join(folder, 'append.sql');
    writeFileSync(scriptFile, script);
    chmodSync(scriptFile, 0o644);
    const postgres: Postgres = {
      pid: child.pid ?? 0,
      stop,
      async append({ run, clients, seconds }) {
        const load = [
          '-n',
          '-M',
          'prepared',
          '-c',
          String(clients),
          '-j',
          '2',
          '-T',
          String(seconds),
          '-f',
          scriptFile,
        ];
        const args = [...session.slice(0, 4), ...load, '-D', `run=${run}`, '-D', 'v=0', 'postgres'];
        const { stdout } = await promisify(execFile)(program['pgbench'] ?? '', args);
        const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
        const count = Number(/actually processed: (\d+)/.exec(stdout)?.[1]);
        if (!(perSecond > 0 && count > 0)) throw new Error(`pgbench said: ${stdout}`);
        return { perSecond, count };
      },
    };
    return { status: 'started', postgres };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** On the PATH, or where Debian keeps what it does not put there. */
function find(name: string): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...versions.sort().reverse()];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function userForServers(): { uid: number; gid: number } | undefined {
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // No such user: the next one.
    }
  }
  return undefined;
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // PostgreSQL's "immediate shutdown": it ends its children too, which a SIGKILL would leave behind.
  child.kill('SIGQUIT');
  await ended;
}
