/** The management operations of rate limits; the decisions themselves are made in the worker. */

import {
  deleteOverrideBody,
  getOverrideBody,
  listOverridesBody,
  listOverridesResult,
  overrideResult,
  setOverrideBody,
  setOverrideResult,
} from '../contract/ratelimit.ts';
import { emptyResult } from '../contract/shared.ts';
import { change, list, read } from './named-operation.ts';
import { deleteOverride, getOverride, listOverrides, setOverride } from './ratelimit-overrides.ts';

export const ratelimitOperations = [
  change('ratelimit.setOverride', setOverride, [setOverrideBody, setOverrideResult]),
  read('ratelimit.getOverride', getOverride, [getOverrideBody, overrideResult]),
  list('ratelimit.listOverrides', listOverrides, [listOverridesBody, listOverridesResult]),
  change('ratelimit.deleteOverride', deleteOverride, [deleteOverrideBody, emptyResult]),
];
