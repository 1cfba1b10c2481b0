-- name: EnsureUsers :exec
-- Users and their settings, as placeholders where they are not known.
with made as (
    insert into users (account_id, crm_id)
    select @account_id, id from unnest(@crm_ids::text[]) as ids(id) order by id
    on conflict do nothing
    returning id
)
insert into settings (account_id, user_id, kind)
select @account_id, made.id, kind from made, unnest(array['lead', 'contact', 'deal']) as kinds(kind)
on conflict do nothing;

-- name: UsersByCRMID :many
select * from users where account_id = @account_id and crm_id = any(@crm_ids::text[]);

-- name: UserByID :one
select * from users where account_id = @account_id and id = @id;

-- name: UpdateUser :exec
update users set version = @version, name = @name, state = @state where account_id = @account_id and id = @id;

-- name: UserTold :exec
-- Which event the user's facts are from.
update users set told = @told where account_id = @account_id and id = @id;

-- name: UserAddressIDs :many
select address_id from user_addresses where account_id = @account_id and user_id = @user_id;

-- name: AddUserAddresses :exec
insert into user_addresses (account_id, user_id, address_id)
select @account_id, @user_id, unnest(@address_ids::bigint[]) on conflict do nothing;

-- name: RemoveUserAddresses :exec
delete from user_addresses
where account_id = @account_id and user_id = @user_id and address_id = any(@address_ids::bigint[]);

-- name: Settings :many
select * from settings where account_id = @account_id and user_id = @user_id order by kind;

-- name: ChangeSetting :exec
-- A narrowing raises both fences: the user's own conversations and those handed over to the user.
update settings
set value = @value, version = @version, since = @since, changed_by = @changed_by, called = @called, epoch = epoch + 1,
    fence = case when @narrows::boolean then epoch + 1 else fence end,
    owner_fence = case when @narrows::boolean then epoch + 1 else owner_fence end
where account_id = @account_id and user_id = @user_id and kind = @kind;

-- name: ConfirmSetting :exec
-- A newer event that leaves the value as it is.
update settings set version = @version where account_id = @account_id and user_id = @user_id and kind = @kind;

-- name: ChangeStanding :exec
-- The user became or ceased to be an active owner (R5).
update settings
set epoch = epoch + 1, owner_fence = case when @narrows::boolean then epoch + 1 else owner_fence end
where account_id = @account_id and user_id = @user_id;

-- name: FinishSetting :exec
update settings set restamped = greatest(restamped, @epoch::bigint)
where account_id = @account_id and user_id = @user_id and kind = @kind and epoch >= @epoch;

-- name: SettingsBehind :many
select user_id, kind from settings where account_id = @account_id and restamped < epoch order by user_id, kind;
