import { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded } from 'kafkajs'
import { expect, it } from 'vitest'
import { transportErrorFrom } from '../../../src/kafka/kafkajs-errors.js'

/** What kafkajs throws in the end where sockets fail with `code`. */
function repeated(code: string, message = 'it failed'): Error {
  const error = new KafkaJSConnectionError(`Connection error: ${message}`, { code, broker: 'b:1' })
  return new KafkaJSNumberOfRetriesExceeded(error, { retryCount: 5, retryTime: 1 })
}

it.each([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', '`ssl.ca`'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', '`ssl.ca`'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', '`ssl.ca`'],
  ['SELF_SIGNED_CERT_IN_CHAIN', '`ssl.ca`'],
  ['CERT_HAS_EXPIRED', 'renew'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', '`ssl.servername`'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', '`ssl.cert`'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '`ssl.cert`'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', '`ssl.cert`'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'speaks TLS'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'speaks TLS'],
])('a connection that failed with %s is not worth another try, and the hint says what to do', (code, hint) => {
  expect(transportErrorFrom(repeated(code), 'think')).toMatchObject({
    retryable: false,
    hint: expect.stringContaining(hint),
  })
})

it.each(['ECONNREFUSED', 'ECONNRESET', 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'])(
  'a connection that failed with %s may come about later',
  (code) => {
    const hint = expect.stringContaining('the brokers run')
    expect(transportErrorFrom(repeated(code), 'think')).toMatchObject({ retryable: true, hint })
  },
)

it('what OpenSSL says is told without its numbers and source lines', () => {
  const text =
    '801CA991F37F0000:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1601:SSL alert number 42\n'
  expect(transportErrorFrom(repeated('ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', text), 'think').message).toBe(
    'Kafka could not be asked to think: Connection error: sslv3 alert bad certificate',
  )
})
