import { Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconCheck, IconChevronDown, IconClock, IconMoon, IconSun } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Mark } from '../../ui/glyphs.tsx';
import { ranges, useRange, type RangeKey } from '../../ui/range.ts';
import { setZone, useZone } from '../../ui/time.ts';
import { setUi, useUi } from '../../ui/ui-state.ts';
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

function TimeRange() {
  const { key, label } = useRange();
  const { rangeOpen } = useUi();
  const navigate = useNavigate();
  const choose = (range: RangeKey) =>
    void navigate({ to: '.', search: (before) => ({ ...before, range }), replace: true });
  return (
    <Menu
      opened={rangeOpen}
      onChange={(open) => setUi({ rangeOpen: open })}
      position="bottom-end"
      shadow="md"
      transitionProps={{ duration: 120 }}
    >
      <Menu.Target>
        <button
          type="button"
          className="btn btn-small wide-only"
          style={{ height: 30, fontSize: 13, fontWeight: 400 }}
        >
          <IconClock size={15} stroke={1.75} aria-hidden="true" />
          {label}
          <IconChevronDown size={14} stroke={1.75} aria-hidden="true" />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(ranges) as RangeKey[]).map((range) => (
          <Menu.Item
            key={range}
            onClick={() => choose(range)}
            rightSection={range === key ? <IconCheck size={14} aria-label="chosen" /> : null}
          >
            {ranges[range].label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
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
