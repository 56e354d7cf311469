import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startNats } from '../support/nats-server.ts';

it('starts a real server on a port of its own, restarts it there, and ends it', async (context) => {
  const server = await startNats();
  try {
    await expect(greeting(server.port)).resolves.toMatch(/^INFO .*"jetstream":true/);
    if (!server.canKill) return context.skip('this NATS is not ours to kill');
    const before = server.pid;
    await server.kill('SIGKILL');
    await expect(greeting(server.port)).rejects.toThrow(/ECONNREFUSED/);
    await server.restart();
    expect(server.pid).not.toBe(before);
    await expect(greeting(server.port)).resolves.toMatch(/^INFO /);
  } finally {
    await server.stop();
  }
});

function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
}
