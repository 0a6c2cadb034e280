export { ConfigError, type HubOptions } from './config.js'
export { createHub, type Hub, type HubPlan } from './hub.js'
export { StoreRefused } from './store/store.js'
