/** Where Redis is. */
export interface Connection {
  readonly host: string
  readonly port: number
}

export const queueName = 'bench'
