package visibility

import (
	"context"
	"fmt"
	"slices"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// users returns the users of those CRM ids, made as placeholders where they are not known. Ids may repeat.
func (c *change) users(ctx context.Context, crmIDs []string) (map[string]queries.User, error) {
	if len(crmIDs) == 0 {
		return nil, nil
	}
	ids := slices.Clone(crmIDs)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	find := func() ([]queries.User, error) {
		return c.UsersByCRMID(ctx, queries.UsersByCRMIDParams{AccountID: c.AccountID, CrmIds: ids})
	}
	rows, err := find()
	if err == nil && len(rows) < len(ids) {
		if err = c.EnsureUsers(ctx, queries.EnsureUsersParams{AccountID: c.AccountID, CrmIds: ids}); err == nil {
			rows, err = find()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("find users: %w", err)
	}
	out := make(map[string]queries.User, len(rows))
	for _, u := range rows {
		out[u.CrmID] = u
	}
	return out, nil
}

func (c *change) userIDs(ctx context.Context, crmIDs []string) ([]int64, error) {
	users, err := c.users(ctx, crmIDs)
	ids := make([]int64, 0, len(users))
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	slices.Sort(ids)
	return ids, err
}

func (c *change) user(ctx context.Context, crmID string) (queries.User, error) {
	if u, known := c.speakers[crmID]; known {
		return u, nil
	}
	users, err := c.users(ctx, []string{crmID})
	return users[crmID], err
}

func (c *change) userUpserted(ctx context.Context, told Told, e *UserUpserted) (Status, error) {
	u, err := c.user(ctx, e.ID)
	if err != nil {
		return "", err
	}
	status, state := Applied, "active"
	if e.Active != nil && !*e.Active {
		state = "inactive"
	}
	if e.Version <= u.Version {
		status, state = Stale, u.State
		if u.State != "deleted" || e.Version <= u.Told {
			return Stale, nil
		}
		// The user is gone already; which addresses stay the user's is what the last event before said (G4).
	}
	if err := c.setUser(ctx, u, max(e.Version, u.Version), e.Name, state); err != nil {
		return "", err
	}
	if err := c.UserTold(ctx, queries.UserToldParams{AccountID: c.AccountID, ID: u.ID, Told: e.Version}); err != nil {
		return "", fmt.Errorf("write what the user's facts are from: %w", err)
	}
	if err := c.setUserAddresses(ctx, u.ID, e.Addresses); err != nil {
		return "", err
	}
	c.note(told, "user.upserted", map[string]any{"user": e.ID, "version": e.Version, "state": state, "addresses": len(e.Addresses)})
	return status, nil
}

func (c *change) userDeleted(ctx context.Context, told Told, e *UserDeleted) (Status, error) {
	u, err := c.user(ctx, e.ID)
	if err != nil {
		return "", err
	}
	if e.Version <= u.Version {
		return Stale, nil
	}
	// The addresses stay the user's: see is_blocked.
	if err := c.setUser(ctx, u, e.Version, u.Name, "deleted"); err != nil {
		return "", err
	}
	c.note(told, "user.deleted", map[string]any{"user": e.ID, "version": e.Version})
	return Applied, nil
}

// setUser writes the user and, where the user becomes or ceases to be an active owner, what R5 makes of it.
func (c *change) setUser(ctx context.Context, u queries.User, version int64, name, state string) error {
	err := c.UpdateUser(ctx, queries.UpdateUserParams{AccountID: c.AccountID, ID: u.ID, Version: version, Name: name, State: state})
	if err != nil {
		return fmt.Errorf("write the user: %w", err)
	}
	was, is := u.State == "active", state == "active"
	if was == is {
		return nil
	}
	if err := c.ChangeStanding(ctx, queries.ChangeStandingParams{AccountID: c.AccountID, UserID: u.ID, Narrows: was}); err != nil {
		return fmt.Errorf("raise the user's fences: %w", err)
	}
	for _, kind := range rules.Kinds {
		c.work[Work{UserID: u.ID, Kind: kind}] = true
	}
	return nil
}

func (c *change) setUserAddresses(ctx context.Context, user int64, addresses []string) error {
	held, err := c.UserAddressIDs(ctx, queries.UserAddressIDsParams{AccountID: c.AccountID, UserID: user})
	if err != nil {
		return fmt.Errorf("find the user's addresses: %w", err)
	}
	var added, removed []int64
	wanted := map[int64]bool{}
	for _, a := range addresses {
		id := c.addressID(a)
		if id == 0 || wanted[id] {
			continue
		}
		wanted[id] = true
		if !slices.Contains(held, id) {
			added = append(added, id)
		}
	}
	for _, id := range held {
		if !wanted[id] {
			removed = append(removed, id)
		}
	}
	if len(added) > 0 {
		if err := c.AddUserAddresses(ctx, queries.AddUserAddressesParams{AccountID: c.AccountID, UserID: user, AddressIds: added}); err != nil {
			return fmt.Errorf("add the user's addresses: %w", err)
		}
	}
	if len(removed) > 0 {
		if err := c.RemoveUserAddresses(ctx, queries.RemoveUserAddressesParams{AccountID: c.AccountID, UserID: user, AddressIds: removed}); err != nil {
			return fmt.Errorf("remove the user's addresses: %w", err)
		}
	}
	for _, id := range append(added, removed...) {
		c.addresses[id] = true // R1
	}
	return nil
}
