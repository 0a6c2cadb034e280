/** The tenant of everyone on a hub that authenticates nobody. */
export const soleTenant = 'default'
