/** What `nats-server` is told of who may say what: text that it reads as it was meant, whatever the names. */
import { describe, expect, it } from 'vitest';
import { FleetId } from '../../schemas/ids.ts';
import { accountsOf, accountsText } from '../../src/nats/accounts.ts';

const fleet = FleetId.parse('main');

describe('the accounts of a NATS server', () => {
  it('quotes every name: unquoted, "on" is a yes and "10k" a number', () => {
    const text = accountsText(accountsOf(fleet, ['on', '10k', 'srv_web-1']));
    for (const name of ['on', '10k', 'srv_web-1', 'coordinator']) expect(text).toContain(`user: "${name}", `);
  });

  it.each([
    ['srv_', 'srv_<server>, such as srv_web1'],
    ['srv_-a', 'srv_<server>, such as srv_web1'],
    ['bal_', 'bal_<balancer>, such as bal_lb1'],
  ])('refuses %s, which names nobody, and says what to give', (name, given) => {
    expect(() => accountsOf(fleet, ['alice', name])).toThrow(given);
  });

  it('gives each user a password of his own, or says whose would be one', () => {
    const text = accountsText(accountsOf(fleet, ['srv_web-1', 'srv_web-1', 'srv_web1', 'bal_web-1']));
    const variables = text.match(/\$NATS_PASSWORD_\w+/g) ?? [];
    expect(variables).toHaveLength(4);
    expect(new Set(variables).size).toBe(4);
    expect(() => accountsOf(fleet, ['srv_web-1', 'srv_web_1'])).toThrow(
      /srv_web-1.*srv_web_1.*NATS_PASSWORD_SRV_WEB_1/,
    );
  });
});
