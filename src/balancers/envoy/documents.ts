/** How a document comes to Envoy: as a file it watches, or over HTTP, which it asks for. Siblings of one port. */
import type { Document } from './config-file.ts';

export interface Documents {
  /** Nothing comes to Envoy before. */
  open(): Promise<void>;
  /** Envoy shall take it, in place of the one of the same name. */
  give(document: Document): Promise<void>;
  /** Envoy says that it took it, perhaps before we began: whoever asks from now on gets it too. */
  keep(document: Document): void;
  /** Puts the one before back in the place of what `give` gave. */
  takeBack(document: Document): Promise<void>;
  /** What was about a group that is no more: nobody asks for it. */
  forget(name: Document['name']): Promise<void>;
  /** Why Envoy refused it, where this way tells. */
  refusalOf(document: Document): string | undefined;
  /** What was given stays with Envoy. */
  close(): Promise<void>;
}
