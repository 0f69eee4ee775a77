import {
  IconCalendarTime,
  IconGitFork,
  IconLayoutDashboard,
  IconStack2,
  IconTimelineEvent,
  IconUsersGroup,
  type TablerIcon,
} from '@tabler/icons-react';

export type NavPath =
  '/' | '/ui/topics' | '/ui/consumer-groups' | '/ui/pipelines' | '/ui/batch-jobs' | '/ui/events';

export interface NavItem {
  to: NavPath;
  label: string;
  /** On phones, where there is less room. */
  short: string;
  icon: TablerIcon;
  /** Second key after `g`. */
  key: string;
}

export const navItems: readonly NavItem[] = [
  { to: '/', label: 'Overview', short: 'Overview', icon: IconLayoutDashboard, key: 'o' },
  { to: '/ui/topics', label: 'Topics', short: 'Topics', icon: IconStack2, key: 't' },
  {
    to: '/ui/consumer-groups',
    label: 'Consumer groups',
    short: 'Groups',
    icon: IconUsersGroup,
    key: 'c',
  },
  { to: '/ui/pipelines', label: 'Pipelines', short: 'Pipelines', icon: IconGitFork, key: 'p' },
  { to: '/ui/batch-jobs', label: 'Batch jobs', short: 'Batch', icon: IconCalendarTime, key: 'b' },
  { to: '/ui/events', label: 'Events', short: 'Events', icon: IconTimelineEvent, key: 'e' },
];
