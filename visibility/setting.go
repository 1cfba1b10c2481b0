package visibility

import (
	"context"
	"fmt"
	"time"

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
		if value == nil {
			continue
		}
		version, called, at := e.Version, e.Version == ownCall, told.At
		if called {
			version = s.Version
			if !at.After(s.Since) { // it comes after whatever was said before
				at = s.Since.Add(time.Microsecond)
			}
		} else if version <= s.Version {
			continue
		} else {
			at = behind(s.Since, at, at)
		}
		status = Applied
		narrows := value.Narrower(rules.Setting(s.Value))
		// An event older than the user's own call does not widen what that call said.
		if string(*value) == s.Value || s.Called && s.Since.After(at) && !narrows {
			err = c.ConfirmSetting(ctx, queries.ConfirmSettingParams{AccountID: c.AccountID, UserID: u.ID, Kind: s.Kind, Version: version})
			if err != nil {
				return "", fmt.Errorf("write the setting's version: %w", err)
			}
			continue
		}
		err = c.ChangeSetting(ctx, queries.ChangeSettingParams{
			AccountID: c.AccountID, UserID: u.ID, Kind: s.Kind, Value: string(*value), Version: version,
			Since: at, ChangedBy: e.User, Called: called, Narrows: narrows,
		})
		if err != nil {
			return "", fmt.Errorf("write the setting: %w", err)
		}
		c.work[Work{UserID: u.ID, Kind: kind}] = true
		c.note(told, "setting.changed", map[string]any{"user": e.User, "kind": kind, "from": s.Value, "to": *value, "version": version})
	}
	return status, nil
}
