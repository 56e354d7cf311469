/**
 * The log as a port: what JetStream gives us and what the memory realisation must give alike. It stores opaque
 * records under a fence; what a record means, and whether the chain is whole, is `chain.ts`; how records are filled
 * and committed is `log-writer.ts`.
 */

export interface StoredRecord {
  readonly sequence: number;
  readonly data: Uint8Array;
  /** How many more records were waiting behind this one, at least; 0: this was the head when it was read. */
  readonly pending: number;
}

export type AppendOutcome =
  | { readonly status: 'appended'; readonly sequence: number }
  /** The fence held: the log's last sequence is not the expected one, and nothing was stored. */
  | { readonly status: 'conflict' };

export interface LogPort {
  /** Appends under the fence. A thrown `Failure` means the outcome is unknown: settle it before the next append. */
  append(options: {
    readonly data: Uint8Array;
    readonly expectedLastSequence: number;
    readonly timeoutMs: number;
  }): Promise<AppendOutcome>;
  /** One record by the word of the stream's leader, never a replica that may lag. */
  get(sequence: number, timeoutMs: number): Promise<StoredRecord | undefined>;
  /** The last sequence there is, by the leader's word; 0 when empty. */
  lastSequence(timeoutMs: number): Promise<number>;
  /** Every record from `fromSequence` on, in order, for ever, until the signal fires. */
  read(options: { readonly fromSequence: number; readonly signal: AbortSignal }): AsyncIterable<StoredRecord>;
}
