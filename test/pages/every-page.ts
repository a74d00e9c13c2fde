/** Each page that is looked at in a browser, by the name of its picture: of a server alone, and of a fleet. */

export const alone = [
  ['overview', '/-/'],
  ['overview-none', '/-/?find=nothing-like-it'],
  ['runs', '/-/runs'],
  ['run', '/-/runs/2'],
  ['run-live', '/-/runs/6'],
  ['run-delivery', '/-/runs/2?tab=delivery'],
  ['run-environment', '/-/runs/2?tab=environment'],
  ['run-config', '/-/runs/2?tab=config'],
  ['deliveries', '/-/deliveries'],
  ['delivery', '/-/deliveries/5'],
  ['delivery-dry', '/-/deliveries/1?dry-run=yes'],
  ['hook', '/-/hooks/deploy-site'],
  ['hook-manual', '/-/hooks/clear-cache'],
  ['setup', '/-/hooks/deploy-site/setup'],
  ['setup-waiting', '/-/hooks/other-site/setup'],
  ['setup-manual', '/-/hooks/clear-cache/setup'],
  ['refused', '/-/refused'],
  ['missing', '/-/runs/999'],
] as const

export const ofFleet = [
  ['workers', '/-/workers'],
  ['rollout', '/-/rollouts/11'],
  ['run-rollout', '/-/runs/13'],
  ['run-waits', '/-/runs/20'],
  ['hook-rollouts', '/-/hooks/deploy-site'],
  ['overview-fleet', '/-/'],
  ['runs-fleet', '/-/runs'],
  ['audit', '/-/audit'],
] as const
