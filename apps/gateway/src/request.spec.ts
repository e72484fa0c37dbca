import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { credentialReader, readCredential } from './request.js';

const certificate = Buffer.from('a certificate');
const header = `:${certificate.toString('base64')}:`;

function aRequest(headers: Readonly<Record<string, string>>, peer = '10.0.0.1'): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  return Object.assign(new IncomingMessage(socket), { method: 'POST', url: '/v1/messages?x=1', headers });
}

const places = {
  publicUrl: 'https://ai.example.com',
  clientCertificateProxies: ['10.0.0.1'],
  clientCertificateHeader: 'client-cert',
};

describe('credentials at the door', () => {
  it('P1: a certificate header counts from a listed proxy, and from anyone else it is nothing', () => {
    const read = credentialReader(places);
    expect(read(aRequest({ 'client-cert': header }))).toMatchObject({
      ok: true,
      value: { scheme: 'none', clientCertificate: certificate },
    });
    for (const request of [
      aRequest({ 'client-cert': header }, '192.0.2.9'),
      aRequest({ 'x-forwarded-client-cert': `Cert="x"`, 'x-ssl-client-cert': 'x' }),
      aRequest({ 'client-cert': `${header}, ${header}` }),
    ])
      expect(read(request)).toMatchObject({ ok: false, error: { code: 'credential-missing' } });
    expect(readCredential(aRequest({ 'client-cert': header }))).toMatchObject({ ok: false });
  });

  it('a proof is checked against the address that callers use', () => {
    const request = aRequest({ authorization: 'DPoP token', dpop: 'proof' });
    expect(credentialReader(places)(request)).toMatchObject({
      value: { scheme: 'dpop', url: 'https://ai.example.com/v1/messages?x=1', method: 'POST' },
    });
  });
});
