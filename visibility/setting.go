package visibility

import (
	"context"
	"fmt"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// settingChanged writes the new value and, where it narrows, the fence; the stamps are left to a job.
func (c *change) settingChanged(ctx context.Context, told Told, e *SettingChanged) (Status, error) {
	u, err := c.user(ctx, e.User)
	if err != nil {
		return "", err
	}
	held, err := c.Settings(ctx, queries.SettingsParams{AccountID: c.AccountID, UserID: u.ID})
	if err != nil {
		return "", fmt.Errorf("read the settings: %w", err)
	}
	status := Stale
	for _, s := range held {
		kind := rules.Kind(s.Kind)
		value := e.forKind(kind)
		version := e.Version
		if version == nextVersion {
			version = s.Version + 1
		}
		if value == nil || version <= s.Version {
			continue
		}
		status = Applied
		if string(*value) == s.Value {
			err = c.ConfirmSetting(ctx, queries.ConfirmSettingParams{AccountID: c.AccountID, UserID: u.ID, Kind: s.Kind, Version: version})
			if err != nil {
				return "", fmt.Errorf("write the setting's version: %w", err)
			}
			continue
		}
		err = c.ChangeSetting(ctx, queries.ChangeSettingParams{
			AccountID: c.AccountID, UserID: u.ID, Kind: s.Kind, Value: string(*value), Version: version,
			Since: told.At, ChangedBy: told.By, Narrows: value.Narrower(rules.Setting(s.Value)),
		})
		if err != nil {
			return "", fmt.Errorf("write the setting: %w", err)
		}
		c.work[Work{UserID: u.ID, Kind: kind}] = true
		c.note(told, "setting.changed", map[string]any{"user": e.User, "kind": kind, "from": s.Value, "to": *value, "version": version})
	}
	return status, nil
}
