import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconChevronDown, IconClock, IconMoon, IconSun } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Mark } from '../../ui/glyphs.tsx';
import {
  isRangeKey,
  ranges,
  useHasFollowers,
  useRangeChoice,
  type RangeKey,
} from '../../ui/range.ts';
import { setZone, useZone, zoneNames } from '../../ui/time.ts';
import { LiveControl } from './live-control.tsx';

export function TopBar({ crumbs }: { crumbs: ReactNode }) {
  const hasCharts = useHasFollowers();
  return (
    <div className="topbar">
      <span className="phone-brand">
        <Mark size={24} />
      </span>
      <div className="crumbs">{crumbs}</div>
      {hasCharts && <TimeRange />}
      <LiveControl />
      <ZoneSwitch />
      <ThemeSwitch />
    </div>
  );
}

/**
 * A native list: it costs nothing to load, and works by keyboard and on phones as people know it.
 */
function TimeRange() {
  const { key } = useRangeChoice();
  const navigate = useNavigate();
  return (
    <span className="range">
      <IconClock size={15} stroke={1.75} aria-hidden="true" />
      <select
        aria-label="Time range"
        data-key="t"
        value={key}
        onChange={(event) => {
          const range = event.currentTarget.value;
          if (!isRangeKey(range)) return;
          void navigate({
            to: '.',
            search: (before) => ({ ...before, range }),
            replace: true,
            resetScroll: false,
          });
        }}
      >
        {(Object.keys(ranges) as RangeKey[]).map((range) => (
          <option key={range} value={range}>
            {ranges[range].label}
          </option>
        ))}
      </select>
      <IconChevronDown size={14} stroke={1.75} aria-hidden="true" />
    </span>
  );
}

function ZoneSwitch() {
  const zone = useZone();
  const { short, full } = zoneNames();
  const next = zone === 'UTC' ? "this computer's zone" : 'UTC';
  return (
    <button
      type="button"
      className="icon-btn zone wide-only"
      title={`Times are in ${full}; press for ${next}`}
      onClick={() => setZone(zone === 'UTC' ? 'local' : 'UTC')}
    >
      {short}
    </button>
  );
}

function ThemeSwitch() {
  const scheme = useComputedColorScheme('light');
  const { setColorScheme } = useMantineColorScheme();
  const Icon = scheme === 'dark' ? IconSun : IconMoon;
  const next = scheme === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      className="icon-btn wide-only"
      aria-label={`Switch to ${next}`}
      title={`Switch to ${next}`}
      onClick={() => setColorScheme(next)}
    >
      <Icon size={16} stroke={1.75} aria-hidden="true" />
    </button>
  );
}
