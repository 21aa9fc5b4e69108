/** To be imported by a process before all its other sources. */
import { useStrippedSources } from './stripped-sources.js';

useStrippedSources();
