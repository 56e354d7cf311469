/** The commands both sides are sent: 250 bytes or so of JSON, with the id where a program without a parser finds it. */

const prefix = '{"id":"';
const idLength = 12;

/** An accepted command each time: another weight for one of `servers` servers. Unique by `run` and `index`. */
export function configureCommand({ run, index, servers }: { run: number; index: number; servers: number }): Uint8Array {
  const id = `${run.toString(36).padStart(3, '0')}${index.toString(36).padStart(idLength - 3, '0')}`;
  const server = `s${index % servers}`;
  // Neighbouring rounds over the servers differ in weight, so that no command finds everything so already.
  const weight = (Math.floor(index / servers) + run * 7) % 257;
  return Buffer.from(
    `${prefix}${id}","server":"${server}","labels":{"zone":"z${index % 97}"},"weight":${weight},"reason":"${'b'.repeat(110)}"}`,
  );
}

export function idOf(command: Uint8Array): string {
  return Buffer.from(command.buffer, command.byteOffset + prefix.length, idLength).toString('latin1');
}
