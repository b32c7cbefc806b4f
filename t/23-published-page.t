#!/usr/bin/perl
# The published page of the endpoint: its samples, and each statement of its
# troubleshooting section. The API key is the only thing that is changed.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode like_json);

my $house = house();
$house->worker(via => 'spawn-fcgi');
$house->nginx;

sub save { $house->http(@_) }

# The first sample, as curl sends it.
my $first = <<'JSON';

{
  "name": "Production Sentry",
  "integration_type": "sentry",
  "status": "active",
  "auth_data": {
    "access_token": "sentry_token_here",
    "token_type": "Bearer"
  },
  "scope_data": {
    "org_slug": "my-company"
  },
  "metadata": {
    "instance_name": "Production Sentry",
    "created_via": "api",
    "tags": [
      "production",
      "monitoring"
    ]
  }
}
JSON
my $answer = save(body => $first);
my $data = saved_ok($answer, 'the first sample is saved');
is(like_json($answer->{body}, <<'JSON', $house->user), '',
{
  "success": true,
  "data": {
    "integration_id": "<uuid>",
    "name": "Production Sentry",
    "integration_type": "sentry",
    "status": "active",
    "active": true,
    "unique_identifier": "sentry-<uuid>",
    "created_by": "<user>",
    "created_at": "<time>",
    "has_auth_data": true,
    "has_scope_data": true,
    "metadata": {
      "instance_name": "Production Sentry",
      "created_via": "api",
      "version": null,
      "description": null,
      "tags": ["production", "monitoring"]
    }
  },
  "error": null
}
JSON
    "its members, order and types, with the request's values");
is_deeply(decode($house->reveal($data->{integration_id})),
    { access_token => 'sentry_token_here', token_type => 'Bearer' },
    'its credentials are kept');

# The workflow: JSON.stringify of the object, and the success response.
my $second = '{"name":"Production Sentry","integration_type":"sentry",'
    . '"status":"active","auth_data":{"access_token":'
    . '"sentry_access_token_here","token_type":"Bearer"},"scope_data":'
    . '{"org_slug":"my-company"},"metadata":{"instance_name":'
    . '"Production Sentry","created_via":"manual","description":'
    . '"Error monitoring for production","tags":["production","monitoring"]}}';
$data = saved_ok($answer = save(body => $second), 'the workflow is saved');
my $want = decode(<<'JSON');
{
  "success": true,
  "data": {
    "integration_id": "550e8400-e29b-41d4-a716-446655440000",
    "name": "Production Sentry",
    "integration_type": "sentry",
    "status": "active",
    "active": true,
    "unique_identifier": "a3f1b2c4-e5d6-7890-abcd-ef1234567890",
    "created_by": "user_abc123",
    "created_at": "2025-01-15T10:30:00.000000",
    "has_auth_data": true,
    "has_scope_data": true,
    "metadata": {
      "instance_name": "Production Sentry",
      "created_via": "manual",
      "description": "Error monitoring for production",
      "tags": ["production", "monitoring"],
      "version": null
    }
  },
  "error": null
}
JSON
$want->{data}{$_} = $data->{$_} for qw(integration_id created_at);
$want->{data}{unique_identifier} = "sentry-$data->{integration_id}";
is_deeply(decode($answer->{body}), $want, 'the success response');

# The integration example.
$data = saved_ok(save(body => <<'JSON'), 'the integration example is saved');
{
  "name": "Production Sentry",
  "integration_type": "sentry",
  "auth_data": {
    "access_token": "YOUR_SENTRY_TOKEN",
    "token_type": "Bearer"
  },
  "scope_data": {
    "org_slug": "your-org"
  },
  "metadata": {
    "instance_name": "Production Sentry",
    "created_via": "manual",
    "description": "Error monitoring for production environment",
    "tags": ["production", "errors"]
  }
}
JSON
is_deeply($data->{metadata}{tags}, ['production', 'errors'], 'with its tags');

# The error responses.
is_deeply(decode(save(body => $first, key => undef)->{body}),
    { detail => 'API key is required' }, 'missing header');
is_deeply(decode(save(body => $first, key => 'nonsense')->{body}),
    { detail => 'Invalid API key' }, 'invalid key');
faults_are(save(body => '{"integration_type":"sentry"}'),
    [[['name'] => 'field required' => 'value_error.missing']],
    'missing required field');
faults_are(save(body => '{"name":"n","integration_type":"gitlab"}'),
    [[['integration_type'] => 'value is not a valid enumeration member',
	'type_error.enum']], 'invalid integration type');

# "active is true by default, status is active by default"
$data = saved_ok(save(body => '{"name":"n","integration_type":"jira"}'),
    'a save with neither active nor status');
is($data->{active}, JSON::PP::true(), 'active is true by default');
is($data->{status}, 'active', 'status is active by default');
is($data->{has_auth_data}, JSON::PP::false(), 'has_auth_data is there to see');
$data = saved_ok(save(body => '{"name":"n","integration_type":"jira",'
    . '"active":false}'), 'active may be false');
is($data->{active}, JSON::PP::false(), 'and then is');
is($data->{status}, 'active', 'without a change of status');
for my $status (qw(active inactive pending error)) {
	$data = saved_ok(save(body => '{"name":"n","integration_type":"jira",'
	    . "\"status\":\"$status\"}"), "status may be $status");
	is($data->{status}, $status, 'and then is');
	is($data->{active}, JSON::PP::true(), 'without a change of active');
}

# "Re-authorize and save a fresh token if needed"
my $again = '{"name":"n","integration_type":"jira","unique_identifier":"re",'
    . '"auth_data":{"access_token":"%s","scope":"read"}}';
my $old = saved_ok(save(body => sprintf $again, 'stale'), 'a stale token');
my $new = saved_ok(save(body => sprintf $again, 'fresh'), 'a fresh one');
is($new->{integration_id}, $old->{integration_id}, 'for the same integration');
is($house->reveal($old->{integration_id}),
    '{"access_token":"fresh","scope":"read"}', 'replaces it');
$data = saved_ok(save(body => with_auth('{"access_token":"t",'
    . '"expires_at":"2001-01-01T00:00:00Z"}')), 'an expired token');
is($data->{has_auth_data}, JSON::PP::true(), 'is saved all the same');

# "Use exactly one of the supported types", "the value is case-sensitive"
for my $type (qw(sentry jira linear confluence slack github)) {
	saved_ok(save(body => "{\"name\":\"n\",\"integration_type\":\"$type\"}"),
	    "$type is a type");
	for my $wrong (ucfirst $type, uc $type, "$type ") {
		is(save(body => "{\"name\":\"n\",\"integration_type\":"
		    . "\"$wrong\"}")->{status}, 422, "'$wrong' is none");
	}
}

# "has_scope_data is true only when org_slug or workspace_id is present"
my %flag = (org_slug => 1, workspace_id => 1, project_id => 0,
    installation_id => 0);
for my $member (sort keys %flag) {
	$data = saved_ok(save(body => '{"name":"n","integration_type":"slack",'
	    . "\"scope_data\":{\"$member\":\"x\"}}"), "scope_data of $member");
	is($data->{has_scope_data} ? 1 : 0, $flag{$member},
	    "has_scope_data is $flag{$member}");
}

# "Invalid or expired API key"
my $short = $house->admin_ok('key', 'create', '--user', 'brief',
    '--expires', '1s') =~ s/\n\z//r;
Strongroom::Proc::wait_until(30, sub {
	save(body => $first, key => $short)->{status} == 401;
});
is_deeply(decode(save(body => $first, key => $short)->{body}),
    { detail => 'Invalid API key' }, 'an expired key is an invalid key');

finish();
