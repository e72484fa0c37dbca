import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { type AwsCredentials, signAws } from './aws-signature.js';
import { type Kms, KmsFailure } from './kms.js';

/** Stands in front of every blob of this driver. */
export const awsFormat = 'a1';
const callMs = 3_000;

export interface AwsKmsOptions {
  readonly keyArn: string;
  readonly endpoint?: string | undefined;
  readonly credentials: () => AwsCredentials;
  /** Guarded: the address is configuration of the operator, and still checked when it is dialled. */
  readonly dispatcher: Dispatcher;
}

/**
 * AWS KMS: Encrypt and Decrypt under one symmetric key, which never leaves the service. The context stands in the encryption
 * context, so the service itself refuses a blob in another one, and its audit trail names tenant and purpose.
 */
export function awsKms({ keyArn, endpoint, credentials: current, dispatcher }: AwsKmsOptions): Kms {
  const region = keyArn.split(':')[3] ?? '';
  const url = new URL(endpoint ?? `https://kms.${region}.amazonaws.com/`);
  const call = async (operation: 'Encrypt' | 'Decrypt', input: object): Promise<Answer> => {
    const body = Buffer.from(JSON.stringify({ KeyId: keyArn, ...input }));
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` };
    const scope = { service: 'kms', region, uriEscapePath: true };
    const signed = await signAws({ method: 'POST', url, headers, body }, scope, current());
    return answerOf(operation, keyArn, url, { dispatcher, headers: signed, body });
  };
  return {
    async wrap(context, plain) {
      const { CiphertextBlob } = await call('Encrypt', {
        Plaintext: Buffer.from(plain).toString('base64'),
        EncryptionContext: { writ: context },
      });
      if (CiphertextBlob === undefined) throw new KmsFailure('Encrypt', 'an answer without a blob');
      return `${awsFormat}.${Buffer.from(CiphertextBlob, 'base64').toString('base64url')}`;
    },
    async unwrap(context, blob) {
      const [made, body] = blob.split('.');
      if (made !== awsFormat || body === undefined) throw new Error('this blob was not wrapped by AWS KMS');
      const { Plaintext } = await call('Decrypt', {
        CiphertextBlob: Buffer.from(body, 'base64url').toString('base64'),
        EncryptionContext: { writ: context },
      });
      if (Plaintext === undefined) throw new KmsFailure('Decrypt', 'an answer without a text');
      return Buffer.from(Plaintext, 'base64');
    },
  };
}

const answer = z.object({
  KeyId: z.string(),
  CiphertextBlob: z.string().optional(),
  Plaintext: z.string().optional(),
});
type Answer = z.infer<typeof answer>;
const failure = z.object({ __type: z.string() }).transform((found) => Object.values(found)[0] ?? '');

async function answerOf(
  operation: string,
  keyArn: string,
  url: URL,
  sent: { readonly dispatcher: Dispatcher; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
): Promise<Answer> {
  const response = await request(url, { method: 'POST', ...sent, signal: AbortSignal.timeout(callMs) });
  const text = await response.body.text();
  const json = parsed(text);
  if (response.statusCode !== 200) throw new KmsFailure(operation, codeOf(json) ?? `HTTP ${response.statusCode}`);
  const known = answer.safeParse(json);
  if (!known.success) throw new KmsFailure(operation, 'an answer that is none');
  if (known.data.KeyId !== keyArn) throw new KmsFailure(operation, 'another key answered');
  return known.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `__type` is such as `com.amazonaws.kms#AccessDeniedException`. */
function codeOf(json: unknown): string | undefined {
  const known = failure.safeParse(json);
  return known.success ? /[A-Za-z]{1,64}$/.exec(known.data)?.[0] : undefined;
}
