#!/usr/bin/perl
# Saving again under one unique_identifier.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode encode);

my $house = house();
$house->worker;
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());

# Save members given as raw JSON text; what "data" holds.
sub text {
	my (%m) = (name => '"n"', integration_type => '"jira"', @_);
	return '{' . join(',', map { "\"$_\":$m{$_}" } sort keys %m) . '}';
}

sub save {
	my ($what, @members) = @_;
	return saved_ok($house->fcgi(body => text(@members)), $what);
}

sub row {
	my ($id) = @_;
	return ($house->rows('SELECT name, status, active, has_auth_data, '
	    . 'has_scope_data, created_at, updated_at, metadata, scope_data, '
	    . 'hex(auth_data) AS auth_data FROM integrations WHERE '
	    . "integration_id = '$id'"))[0];
}

my %full = (unique_identifier => '"u"', name => '"first"',
    status => '"pending"', active => 'false',
    auth_data => '{"access_token":"one"}', scope_data => '{"org_slug":"o"}',
    metadata => '{"instance_name":"i","created_via":"api","version":"1",'
    . '"description":"d","tags":["t"],"other":{"a":[1.0]}}');
my $first = save('the first save', %full);
my $id = $first->{integration_id};
my $row = row($id);

# Nothing but what is required: everything else is left.
my $second = save('again, with nothing but the name',
    unique_identifier => '"u"', name => '"second"');
is($second->{integration_id}, $id, 'the same integration_id');
is($second->{created_at}, $first->{created_at}, 'the same created_at');
is($second->{name}, 'second', 'the name is replaced');
is($second->{status}, 'pending', 'status is left');
is($second->{active}, $false, 'active is left');
is($second->{has_auth_data}, $true, 'auth_data is left');
is($second->{has_scope_data}, $true, 'scope_data is left');
is(encode($second->{metadata}), encode($first->{metadata}),
    'metadata is left, instance_name too');
is($house->reveal($id), '{"access_token":"one"}', 'the box is left');
is_deeply($house->show($id)->{scope_data}, { org_slug => 'o' },
    'scope_data reads as before');
is(scalar @{ $house->integrations }, 1, 'there is one row');
cmp_ok(row($id)->{updated_at}, 'gt', $row->{updated_at}, 'updated_at grows');
is(row($id)->{created_at}, $row->{created_at}, 'created_at stays as stored');

# Each member alone.
is(save('status', %full, status => '"error"')->{status}, 'error',
    'status is replaced when present');
my $partly = save('active', unique_identifier => '"u"', active => 'true');
is($partly->{active}, $true, 'active is replaced when present');
is($partly->{status}, 'error', 'and leaves status');
save('auth_data', unique_identifier => '"u"',
    auth_data => '{"refresh_token":"r"}');
is($house->reveal($id), '{"refresh_token":"r"}', 'auth_data: replaced whole');
is(row($id)->{has_auth_data}, 0, 'with its flag');
my $scope = save('scope_data', unique_identifier => '"u"',
    scope_data => '{"project_id":"p"}');
is($scope->{has_scope_data}, $false, 'scope_data: replaced whole');
is_deeply($house->show($id)->{scope_data}, { project_id => 'p' },
    'nothing of the old one is left');

# null clears.
my $cleared = save('null', unique_identifier => '"u"', auth_data => 'null',
    scope_data => 'null');
is($cleared->{has_auth_data}, $false, 'null clears auth_data');
is($cleared->{has_scope_data}, $false, 'null clears scope_data');
is($house->reveal($id), 'null', 'a cleared box reveals as null');
is(row($id)->{auth_data} // '', '', 'and is stored as no box at all');
is($house->show($id)->{scope_data}, undef, 'scope_data is null');
my $empty = save('{}', unique_identifier => '"u"', auth_data => '{}',
    scope_data => '{}');
is($house->reveal($id), '{}', 'an empty object is not null');
is_deeply($house->show($id)->{scope_data}, {}, 'nor is an empty scope');
save('full again', %full);
my $php = save('[]', unique_identifier => '"u"', auth_data => '[]',
    scope_data => '[]', metadata => '[]');
is($php->{$_}, $false, "[] replaces what was: $_")
    for qw(has_auth_data has_scope_data);
is($house->reveal($id), '{}', '[] is an empty object, and not null');
is_deeply($house->show($id)->{scope_data}, {}, 'nor is it for scope_data');
is_deeply($php->{metadata}{tags}, [], 'and metadata is the defaults');

# metadata: replaced whole, defaults from this request.
my $meta = save('metadata {}', unique_identifier => '"u"', name => '"third"',
    metadata => '{"z":1}');
is(encode($meta->{metadata}), encode({ instance_name => 'third',
    created_via => 'manual', version => undef, description => undef,
    tags => [], z => 1 }), 'metadata: replaced whole, defaults filled');
$meta = save('no metadata, another name', unique_identifier => '"u"',
    name => '"fourth"');
is($meta->{metadata}{instance_name}, 'third',
    'instance_name is not filled again when metadata is absent');
$meta = save('metadata null', unique_identifier => '"u"', name => '"fifth"',
    metadata => 'null');
is(encode($meta->{metadata}), encode({ instance_name => 'fifth',
    created_via => 'manual', version => undef, description => undef,
    tags => [] }), 'null replaces it by the defaults');

# The order of members survives being left.
save('odd metadata', unique_identifier => '"o"',
    metadata => '{"z":1E400,"a":{"q":1,"b":2}}');
my $kept = $house->fcgi(body => text(unique_identifier => '"o"'));
like($kept->{body}, qr/"tags":\[\],"z":1E400,"a":\{"q":1,"b":2\}\}/,
    'metadata that is left comes back in its order');

# Another type is a conflict, which changes nothing.
$row = row($id);
for my $type (qw(sentry linear confluence slack github)) {
	error_is($house->fcgi(body => text(unique_identifier => '"u"',
	    integration_type => "\"$type\"", name => '"thief"',
	    auth_data => '{"access_token":"thief"}')), 409,
	    'unique_identifier already belongs to a jira integration',
	    "a $type cannot take the place of a jira");
}
is_deeply(row($id), $row, 'a conflict changes nothing');
save('a slack of another name', unique_identifier => '"s"',
    integration_type => '"slack"');
error_is($house->fcgi(body => text(unique_identifier => '"s"')), 409,
    'unique_identifier already belongs to a slack integration',
    'the answer says which type is there');
is($house->fcgi(body => text(unique_identifier => '"u"', name => '""',
    auth_data => '{"access_token":"no"}'))->{status}, 422, 'a faulty save');
is_deeply(row($id), $row, 'changes nothing');

# Other owners neither see nor block it.
my $theirs = saved_ok($house->fcgi(key => $house->key('other'),
    body => text(unique_identifier => '"u"', integration_type => '"github"',
    auth_data => '{"access_token":"theirs"}')), 'another owner');
isnt($theirs->{integration_id}, $id, 'has a row of his own');
is($theirs->{created_by}, 'other', 'under his name');
is($house->reveal($theirs->{integration_id}), '{"access_token":"theirs"}',
    'with his box');
is($house->reveal($id), '{}', 'and leaves the first one alone');
my $second_key = $house->admin_ok('key', 'create', '--user', $house->user);
chomp $second_key;
is(saved_ok($house->fcgi(key => $second_key,
    body => text(unique_identifier => '"u"')), 'another key of the owner')
    ->{integration_id}, $id, 'saves the same integration');
for my $user ('User_abc123', 'user_abc12', 'user_abc123 ') {
	isnt(saved_ok($house->fcgi(key => $house->key($user),
	    body => text(unique_identifier => '"u"')), "owner '$user'")
	    ->{integration_id}, $id, 'is another owner');
}

# Generated identifiers always create; a given one may look generated.
my %seen;
for my $none (undef, 'null', '""', undef, 'null', '""') {
	my $new = save('a generated identifier',
	    defined $none ? (unique_identifier => $none) : ());
	ok(!$seen{ $new->{integration_id} }++, 'creates');
	is($new->{unique_identifier}, "jira-$new->{integration_id}",
	    'a new one');
}
my ($made) = sort keys %seen;
is(save('a generated identifier, given', unique_identifier => "\"jira-$made\"")
    ->{integration_id}, $made, 'updates the row that has it');

# Identifiers are compared exactly.
my @ids = map { save("identifier $_", unique_identifier => "\"$_\"")
    ->{integration_id} } 'v', 'V', ' v', 'v ', "\xc3\xa9", "e\xcc\x81",
    'v\\t', 'ss', "\xc3\x9f", '1', '01', '1.0';
my %different = map { $_ => 1 } @ids;
is(scalar keys %different, scalar @ids, 'no two of them are the same');
is(save('an escaped identifier', unique_identifier => '"\\u0076"')
    ->{integration_id}, $ids[0], 'escapes are not part of it');

is($house->admin('check')->{exit}, 0, 'every box opens');

finish();
