import { describe, expect, it } from 'vitest';
import { ageText, parseDuration } from '../../../src/std/durations.ts';
import { complaintOfThrown } from '../../../services/cli/output.ts';
import { createPaint, wantsColour } from '../../../services/cli/paint.ts';
import { splitVersion } from '../../../services/cli/project-version.ts';
import { renderTable } from '../../../services/cli/table.ts';
import { natsUrlOf, principalOf, tokenOf } from '../../../services/cli/target.ts';
import { configuration, knowsSyncInterval } from '../../../services/cli/up/nats-child.ts';
import { Failure, type FailureCode } from '../../../src/std/failure.ts';

describe('what people type', () => {
  it('takes durations with and without a unit', () => {
    expect(['90', '90s', '2m', '500ms', '1.5h'].map(parseDuration)).toEqual([90_000, 90_000, 120_000, 500, 5_400_000]);
    expect(['', 'soon', '-1s', '5 m'].map(parseDuration)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('says how long ago in one unit', () => {
    expect([-5, 59_000, 600_000, 10_800_000, 259_200_000].map(ageText)).toEqual(['0s', '59s', '10m', '3h', '3d']);
  });

  it('splits a project from its version', () => {
    expect(splitVersion('orders@1.2.0')).toEqual({ project: 'orders', version: '1.2.0' });
    expect(splitVersion('orders')).toEqual({ project: 'orders' });
  });
});

describe('whom a command speaks to, and as whom', () => {
  const folder = '/nowhere';

  it('prefers the option, then NATS_URL, then the default', () => {
    expect(natsUrlOf({ nats: 'nats://a' }, { environment: { NATS_URL: 'nats://b' }, folder })).toBe('nats://a');
    expect(natsUrlOf({}, { environment: { NATS_URL: 'nats://b' }, folder })).toBe('nats://b');
    expect(natsUrlOf({}, { environment: {}, folder })).toBe('nats://127.0.0.1:4222');
  });

  it('makes any user name one token that is nobody of the fleet', () => {
    expect(['Ann Example', 'DOMAIN\\bob', 'é', 'system', 'srv_web1'].map(tokenOf)).toEqual([
      'ann-example',
      'domain-bob',
      'operator',
      'user-system',
      'user-srv_web1',
    ]);
    expect(principalOf({}, { environment: { MUSTER_PRINCIPAL: 'ci', NATS_USER: 'alice' } })).toBe('ci');
    expect(principalOf({}, { environment: { NATS_USER: 'alice' } })).toBe('alice');
  });

  it('says who named somebody that cannot ask, and how to name him otherwise', () => {
    expect(() => principalOf({}, { environment: { NATS_USER: 'Alice' } })).toThrow(
      /NATS_USER is "Alice".*MUSTER_PRINCIPAL/,
    );
    expect(() => principalOf({}, { environment: { MUSTER_PRINCIPAL: 'a b' } })).toThrow(/MUSTER_PRINCIPAL is "a b"/);
    expect(() => principalOf({ as: 'Alice' }, { environment: {} })).toThrow(/--as is "Alice"/);
  });
});

describe('output', () => {
  it('aligns columns without boxes and without trailing blanks', () => {
    const table = {
      columns: ['a', 'long'],
      rows: [
        ['value', 'x'],
        ['v', 'y'],
      ],
      empty: 'none',
    };
    expect(renderTable(table, createPaint(false))).toBe('A      LONG\nvalue  x\nv      y');
    expect(renderTable({ ...table, rows: [] }, createPaint(false))).toBe('none');
  });

  it('aligns by what is seen when words are coloured', () => {
    const table = {
      columns: ['status', 'x'],
      rows: [
        ['ready', '1'],
        ['failed', '2'],
      ],
      empty: '',
    };
    const plain = renderTable(table, createPaint(false));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape is what colours are made of.
    expect(renderTable(table, createPaint(true)).replace(/\u001b\[\d+m/g, '')).toBe(plain);
  });

  it('paints for a terminal alone, and never against NO_COLOR', () => {
    expect(wantsColour({ isTTY: true }, {})).toBe(true);
    expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour({}, {})).toBe(false);
  });

  it('gives each kind of failure its exit code', () => {
    const codes: [FailureCode, number][] = [
      ['disconnected', 69],
      ['no-responders', 69],
      ['timeout', 69],
      ['config-invalid', 2],
      ['bundle-invalid', 2],
      ['log-broken', 3],
    ];
    for (const [code, exitCode] of codes) {
      const failure = new Failure({ code, retryable: false, message: 'it broke' });
      expect(complaintOfThrown(failure, 'nats://x').exitCode, code).toBe(exitCode);
    }
  });
});

describe('the configuration of our nats-server', () => {
  it('listens on loopback alone and syncs each write where the version can', () => {
    const options = { port: 4222, monitorPort: 8222, storeFolder: '/data "x"', syncsAlways: true };
    const text = configuration(options);
    expect(text).toContain('listen: "127.0.0.1:4222"');
    expect(text).toContain('http: "127.0.0.1:8222"');
    expect(text).toContain('store_dir: "/data \\"x\\""');
    expect(text).toContain('sync_interval: always');
    expect(configuration({ ...options, syncsAlways: false })).not.toContain('sync_interval');
    expect(['2.9.10', '2.10.0', '2.15.1', '3.0.0', '0.0.0'].map(knowsSyncInterval)).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });
});
