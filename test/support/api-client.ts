import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

export type Reply = {
  status: number;
  headers: IncomingHttpHeaders;
  /** Empty when the answer is not JSON. */
  json: { meta?: { requestId: string }; data?: Answer; error?: ErrorBody };
  text: string;
};

type Answer = Record<string, unknown> & { valid?: boolean; code?: string };
type ErrorBody = {
  title: string;
  detail: string;
  status: number;
  type: string;
  errors?: { location: string; message: string; fix?: string }[];
};

export type ApiClient = (method: string, body: object) => Promise<Reply>;

/** Calls `/v2/<method>`. Without an agent each call has a connection of its own. */
export function createApiClient(
  { url, rootKey }: { url: string; rootKey: string },
  agent?: Agent,
): ApiClient {
  return (method, body) => {
    const headers = { Authorization: `Bearer ${rootKey}`, 'Content-Type': 'application/json' };
    return post(`${url}/v2/${method}`, { headers, agent: agent ?? false }, JSON.stringify(body));
  };
}

type PostOptions = { headers: Record<string, string>; agent: Agent | false };

/** Rejects when the connection breaks before the answer is complete. */
function post(url: string, options: PostOptions, body: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject).on('end', () => {
        const { statusCode: status = 0, headers } = response;
        const isJson = String(headers['content-type']).includes('json');
        resolve({ status, headers, text, json: isJson ? JSON.parse(text) : {} });
      });
    });
    sent.on('error', reject).end(body);
  });
}
