/** What Envoy is started from: an admin socket, and where it finds everything else. Pure. */
import { documentPath } from './document-files.ts';

/** Where documents are found: in files Envoy watches, or asked for over HTTP on a socket of ours. */
export type XdsForm =
  | { readonly xds: 'files'; readonly directory: string }
  | { readonly xds: 'rest'; readonly socketPath: string };

/** Asked again so soon after an answer, and half of it later on average; a question without news is held meanwhile. */
const askAgain = '0.1s';
/** Longer than the server holds a question. */
const askTimeout = '20s';
/** Envoy's name for our server. */
const serverName = 'muster_xds';

export function bootstrap({ form, adminSocketPath }: { form: XdsForm; adminSocketPath: string }): string {
  return asText({
    // Told by `/server_info`: whoever adopts an Envoy sees where it looks.
    node: { id: 'muster', cluster: 'muster', metadata: { xds: form.xds } },
    admin: { address: { pipe: { path: adminSocketPath, mode: 0o600 } } },
    dynamic_resources: {
      cds_config: configSource(form, 'clusters'),
      lds_config: configSource(form, 'listeners'),
    },
    ...(form.xds === 'rest' ? { static_resources: { clusters: [server(form.socketPath)] } } : {}),
  });
}

/** Where Envoy finds the document of that name. */
export function configSource(form: XdsForm, name: string): unknown {
  const version = { resource_api_version: 'V3' };
  if (form.xds === 'files') return { ...version, path_config_source: { path: documentPath(form.directory, name) } };
  const asked = { api_type: 'REST', transport_api_version: 'V3', cluster_names: [serverName] };
  return { ...version, api_config_source: { ...asked, refresh_delay: askAgain, request_timeout: askTimeout } };
}

/** Every group holds a connection while its question is held, so Envoy's limit of 1,024 is lifted. */
function server(socketPath: string): unknown {
  const most = 1_000_000;
  return {
    name: serverName,
    type: 'STATIC',
    connect_timeout: '2s',
    circuit_breakers: { thresholds: [{ max_connections: most, max_pending_requests: most, max_requests: most }] },
    load_assignment: {
      cluster_name: serverName,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socketPath } } } }] }],
    },
  };
}

export function asText(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
