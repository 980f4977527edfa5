import { readFile } from 'node:fs/promises'
import { kafkaTool } from './kafka-tool.js'
import { startKafka4 } from './kafka4.js'
import { freePort, LOOPBACK } from './ports.js'
import type { KafkaService } from './service.js'
import { KEY_STORE_PASSWORD, newTlsIdentity, proofOf, type TlsIdentity, withKeys } from './tls-identity.js'

/** How long a login is good for on its connection, in milliseconds. */
export const LOGIN_LIFETIME_MS = 3_000

/** Who may log in, by either mechanism. */
export const LOGIN = { username: 'ann', password: 'ann-has-a-secret' } as const

/** A broker that also listens on addresses which want more than a connection. */
export interface SecuredKafka4 extends KafkaService {
  /** `SSL`, to anybody. */
  readonly tls: string
  /** `SSL`, to clients that have the certificate of `client`. */
  readonly mutualTls: string
  /** `SASL_SSL`, with {@link LOGIN} as `PLAIN` or `SCRAM-SHA-512`. */
  readonly login: string
  /** The certificate that all three have. */
  readonly ca: Buffer
  /** Whom `mutualTls` trusts, as options of `node:tls`. */
  readonly client: Awaited<ReturnType<typeof proofOf>>
  /** Gives a user of `SCRAM-SHA-512` another password, or makes a new one. Connections that are logged in stay so. */
  setPassword(login: Login): Promise<void>
}

interface Login {
  readonly username: string
  readonly password: string
}

interface Ports {
  readonly plain: number
  readonly tls: number
  readonly mutual: number
  readonly login: number
}

/** Starts a Kafka 4 broker that can be reached through TLS, and with logins, besides the plain way of all brokers. */
export function startSecuredKafka4(): Promise<SecuredKafka4> {
  return withKeys(async (keys) => {
    const [broker, client] = await Promise.all([
      newTlsIdentity(keys, 'broker', ['-dname', 'CN=broker', '-ext', `SAN=dns:localhost,ip:${LOOPBACK}`]),
      newTlsIdentity(keys, 'client', ['-dname', 'CN=backup']),
    ])
    const ports = { plain: await freePort(), tls: await freePort(), mutual: await freePort(), login: await freePort() }
    const properties = { ...listeners(ports, await freePort()), ...encryption(broker, client), ...LOGINS }
    const service = await startKafka4({ port: ports.plain, properties })
    const setPassword = (login: Login) => setScramPassword(service.brokers, login)
    await setPassword(LOGIN)
    return {
      ...service,
      setPassword,
      tls: `localhost:${ports.tls}`,
      mutualTls: `${LOOPBACK}:${ports.mutual}`,
      login: `localhost:${ports.login}`,
      ca: await readFile(broker.certificate),
      client: await proofOf(client),
    }
  })
}

function listeners({ plain, tls, mutual, login }: Ports, controller: number): Record<string, string> {
  const offered = [
    `PLAINTEXT://${LOOPBACK}:${plain}`,
    `TLS://localhost:${tls}`,
    `MUTUAL://${LOOPBACK}:${mutual}`,
    `LOGIN://localhost:${login}`,
  ].join(',')
  return {
    listeners: `${offered.replaceAll('localhost', LOOPBACK)},CONTROLLER://${LOOPBACK}:${controller}`,
    'advertised.listeners': offered,
    'controller.quorum.voters': `1@${LOOPBACK}:${controller}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,MUTUAL:SSL,LOGIN:SASL_SSL',
  }
}

function encryption(broker: TlsIdentity, client: TlsIdentity): Record<string, string> {
  return {
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': broker.keyStore,
    'ssl.keystore.password': KEY_STORE_PASSWORD,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': client.certificate,
    'listener.name.mutual.ssl.client.auth': 'required',
  }
}

const LOGINS = {
  'listener.name.login.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
  'listener.name.login.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_${LOGIN.username}="${LOGIN.password}";`,
  'listener.name.login.scram-sha-512.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'connections.max.reauth.ms': String(LOGIN_LIFETIME_MS),
} as const

/** The cluster keeps these itself; those of `PLAIN` are in the settings of brokers. */
async function setScramPassword(brokers: readonly string[], { username, password }: Login): Promise<void> {
  await kafkaTool('kafka4', 'configs', [
    ...['--bootstrap-server', brokers.join(',')],
    ...['--alter', '--entity-type', 'users', '--entity-name', username],
    ...['--add-config', `SCRAM-SHA-512=[password=${password}]`],
  ])
}
