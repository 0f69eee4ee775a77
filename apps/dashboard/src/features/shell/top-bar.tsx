import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconChevronDown, IconClock, IconMoon, IconSun } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Mark } from '../../ui/glyphs.tsx';
import { isRangeKey, ranges, useRange, type RangeKey } from '../../ui/range.ts';
import { setZone, useZone } from '../../ui/time.ts';
import { LiveControl } from './live-control.tsx';

export function TopBar({ crumbs }: { crumbs: ReactNode }) {
  return (
    <div className="topbar">
      <span className="phone-brand">
        <Mark size={24} />
      </span>
      <div className="crumbs">{crumbs}</div>
      <TimeRange />
      <LiveControl />
      <ZoneSwitch />
      <ThemeSwitch />
    </div>
  );
}

/** A native list: it costs nothing to load, and works by keyboard and on phones as people know it. */
function TimeRange() {
  const { key } = useRange();
  const navigate = useNavigate();
  return (
    <span className="range wide-only">
      <IconClock size={15} stroke={1.75} aria-hidden="true" />
      <select
        aria-label="Time range"
        data-key="t"
        value={key}
        onChange={(event) => {
          const range = event.currentTarget.value;
          if (!isRangeKey(range)) return;
          void navigate({ to: '.', search: (before) => ({ ...before, range }), replace: true });
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
  return (
    <button
      type="button"
      className="icon-btn wide-only"
      style={{ width: 44 }}
      title="Times are shown in this zone; press to change it"
      onClick={() => setZone(zone === 'UTC' ? 'local' : 'UTC')}
    >
      {zone === 'UTC' ? 'UTC' : 'Local'}
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
