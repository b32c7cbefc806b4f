#!/usr/bin/perl
# Every row of the faults table at every field that can have it, their order,
# and the limits of length.

use strict;
use warnings;
use utf8;
use Test::More;
use Strongroom;
use Strongroom::Json qw(encode decode);

binmode Test::More->builder->$_, ':utf8'
    for qw(output failure_output todo_output);

my $house = house();
$house->worker;

my %MSG = (
    missing => ['field required', 'value_error.missing'],
    null => ['none is not an allowed value', 'type_error.none.not_allowed'],
    str => ['str type expected', 'type_error.str'],
    bool => ['value could not be parsed to a boolean', 'type_error.bool'],
    dict => ['value is not a valid dict', 'type_error.dict'],
    list => ['value is not a valid list', 'type_error.list'],
    enum => ['value is not a valid enumeration member', 'type_error.enum'],
    min => ['ensure this value has at least 1 characters',
	'value_error.any_str.min_length'],
    max => ['ensure this value has at most 255 characters',
	'value_error.any_str.max_length'],
    nul => ['null characters are not allowed',
	'value_error.any_str.null_character'],
    time => ['invalid datetime format', 'value_error.datetime'],
);

sub fault { my ($loc, $kind) = @_; [[split m{/}, $loc] => @{ $MSG{$kind} }] }

# A body of raw JSON members by name, in the order of the contract.
sub body {
	my (%m) = (name => '"n"', integration_type => '"jira"', @_);
	my $text = '{' . join(',', map { "\"$_\":$m{$_}" }
	    grep { defined $m{$_} } sort keys %m) . '}';
	utf8::encode($text);
	return $text;
}

sub post { $house->fcgi(body => body(@_)) }

# A fault of one field alone: loc, what stands there, which.
sub bad {
	my ($loc, $kind, @values) = @_;
	my @at = split m{/}, $loc;
	for my $value (@values) {
		my $text = $value;
		$text = "{\"$_\":$text}" for reverse @at[1 .. $#at];
		my $shown = length $value > 40
		    ? substr($value, 0, 20) . '… (' . length($value) . ')'
		    : $value;
		faults_are(post($at[0] => $text), [fault($loc, $kind)],
		    "$loc $shown: $MSG{$kind}[0]");
	}
}

my @scalars = ('5', '-0', '1.5', '1e400', 'true', 'false');
my @nested = ('[]', '["x"]', '{}', '{"a":"b"}');

faults_are(post(name => undef), [fault('name', 'missing')], 'no name');
faults_are(post(integration_type => undef),
    [fault('integration_type', 'missing')], 'no integration_type');
faults_are(post(name => undef, integration_type => undef),
    [fault('name', 'missing'), fault('integration_type', 'missing')],
    'neither: both are said, in order');

bad('name', 'null', 'null');
bad('name', 'str', @scalars, @nested);
bad('name', 'min', '""');
bad('name', 'max', '"' . 'x' x 256 . '"', '"' . '🔑' x 256 . '"',
    '"' . '\\ud83d\\udd11' x 256 . '"', '"' . '\\u0041' x 256 . '"',
    '"' . 'x' x 100_000 . '"', '"' . 'x' x 255 . '\\u0000"');
bad('name', 'nul', '"\\u0000"', '"a\\u0000"', '"\\u0000b"',
    '"' . 'x' x 254 . '\\u0000"');

bad('integration_type', 'null', 'null');
bad('integration_type', 'enum', @scalars, @nested, '""', '"Sentry"',
    '"SENTRY"', '" sentry"', '"sentry "', '"sentry\\u0000"', '"gitlab"',
    '"sentr"', '"sentryy"', '"\\u0000"', '"' . 'x' x 300 . '"');

bad('status', 'null', 'null');
bad('status', 'enum', @scalars, @nested, '""', '"Active"', '"active "',
    '"active\\u0000"', '"deleted"', '"inactiv"');

bad('active', 'null', 'null');
bad('active', 'bool', '1', '0', '1.0', '"true"', '"yes"', '""', '"false"',
    @nested);

for my $object (qw(auth_data scope_data metadata)) {
	bad($object, 'dict', @scalars, '""', '"x"', '[{}]', '[null]', '[[]]');
	saved_ok(post($object => $_), "$object may be $_")
	    for 'null', '{}', '[]', "[ \n]";
}
for my $member (qw(auth_data/access_token auth_data/refresh_token
    auth_data/token_type auth_data/code metadata/instance_name metadata/created_via metadata/version
    metadata/description)) {
	bad($member, 'str', @scalars, @nested);
	my ($object, $name) = split m{/}, $member;
	saved_ok(post($object => "{\"$name\":$_}"),
	    "$member may be " . substr $_, 0, 20)
	    for 'null', '""', '"\\u0000"', '"' . 'x' x 1000 . '"';
}
# Numbers where ids are, and a list where scopes are.
for my $id (qw(org_slug installation_id workspace_id project_id)) {
	bad("scope_data/$id", 'str', 'true', 'false', '1.5', '1.0', '-0.0',
	    '1e5', '1E+2', '1e400', '0e0', @nested);
	saved_ok(post(scope_data => "{\"$id\":$_}"),
	    "scope_data/$id may be " . substr $_, 0, 20)
	    for 'null', '""', '"\\u0000"', '"' . 'x' x 1000 . '"', '0', '-0',
	    '-7', '12345678', '9' x 400;
}
bad('auth_data/scope', 'str', @scalars, '{}', '{"a":"b"}', '[5]', '["a",null]',
    '["a",["b"]]', '[null]', '[{}]', '["a",5,true]');
saved_ok(post(auth_data => "{\"scope\":$_}"), "auth_data/scope may be $_")
    for 'null', '""', '"read write"', '[]', '["read"]',
    '["read","","\\u0000"]';
bad('auth_data/expires_at', 'time', 'true', 'false', '[]', '{}', '""');
bad('metadata/tags', 'list', @scalars, '""', '"a"', '{}', '{"0":"a"}');
saved_ok(post(metadata => "{\"tags\":$_}"), "tags may be $_")
    for 'null', '[]', '["a"]', '["","\\u0000","a","a"]';
faults_are(post(metadata => '{"tags":["a",5,"b",null,[],{},true]}'),
    [fault('metadata/tags/1', 'str'), fault('metadata/tags/3', 'null'),
    map { fault("metadata/tags/$_", 'str') } 4 .. 6],
    'each bad tag is a fault of its own');
faults_are(post(metadata => '{"tags":[' . '"a",' x 1000 . '1]}'),
    [fault('metadata/tags/1000', 'str')], 'the thousandth tag');

bad('unique_identifier', 'str', @scalars, @nested);
bad('unique_identifier', 'max', '"' . 'x' x 256 . '"',
    '"' . '🔑' x 256 . '"', '"' . 'x' x 255 . '\\u0000"');
bad('unique_identifier', 'nul', '"\\u0000"', '"a\\u0000b"');

# All faults at once, parents before children, in the order of the contract,
# however the body orders them.
my @all = (
    fault('name', 'min'), fault('integration_type', 'enum'),
    fault('status', 'enum'), fault('active', 'bool'),
    fault('auth_data/access_token', 'str'),
    fault('auth_data/refresh_token', 'str'),
    fault('auth_data/token_type', 'str'), fault('auth_data/expires_at', 'time'),
    fault('auth_data/scope', 'str'), fault('auth_data/code', 'str'),
    fault('scope_data/org_slug', 'str'),
    fault('scope_data/installation_id', 'str'),
    fault('scope_data/workspace_id', 'str'),
    fault('scope_data/project_id', 'str'),
    fault('metadata/instance_name', 'str'),
    fault('metadata/created_via', 'str'), fault('metadata/version', 'str'),
    fault('metadata/description', 'str'), fault('metadata/tags/0', 'str'),
    fault('unique_identifier', 'nul'));
my @members = (
    '"name":""', '"integration_type":1', '"status":"x"', '"active":0',
    '"auth_data":{"access_token":1,"refresh_token":1,"token_type":1,'
	. '"expires_at":"x","scope":1,"code":1,"other":1}',
    '"scope_data":{"org_slug":1.5,"installation_id":[],"workspace_id":1e1,'
	. '"project_id":true,"other":1}',
    '"metadata":{"instance_name":1,"created_via":1,"version":1,'
	. '"description":1,"tags":[1],"other":1}',
    '"unique_identifier":"\\u0000"', '"unknown":1');
faults_are($house->fcgi(body => '{' . join(',', @members) . '}'), \@all,
    'all faults at once');
faults_are($house->fcgi(body => '{' . join(',', reverse @members) . '}'),
    \@all, 'in the same order when the body has another');
faults_are($house->fcgi(body => '{"metadata":{"tags":1,"version":2},'
    . '"auth_data":{"code":1,"access_token":2},"active":null}'),
    [fault('name', 'missing'), fault('integration_type', 'missing'),
    fault('active', 'null'), fault('auth_data/access_token', 'str'),
    fault('auth_data/code', 'str'), fault('metadata/version', 'str'),
    fault('metadata/tags', 'list')], 'inner members too');
my $secret = post(auth_data => '{"access_token":["hush-hush"]}');
unlike($secret->{body}, qr/hush/, 'no fault repeats what was sent');

# Lengths are counted in code points.
for my $one ('x', 'é', '名', '🔑') {
	my $value = $one x 255;
	my $data = saved_ok(post(name => "\"$value\"",
	    unique_identifier => "\"$value\""), "255 times $one is a name");
	is($data->{name}, $value, 'and comes back');
	is($data->{unique_identifier}, $value, 'as an identifier too');
}
is(saved_ok(post(name => '"' . '\\ud83d\\udd11' x 255 . '"'))->{name},
    '🔑' x 255, 'an escaped pair is one code point');
is(saved_ok(post(name => '"e\\u0301"'))->{name}, "e\x{301}",
    'nothing is normalised');
is(saved_ok(post(name => '"  n\\t"'))->{name}, "  n\t",
    'nothing is trimmed');
is(saved_ok(post(name => '" "'))->{name}, ' ', 'one space is a name');
is(saved_ok(post(name => '"\\u007f\\u0001\\ufffe\\uffff"'))->{name},
    "\x7f\x01\x{fffe}\x{ffff}", 'odd characters come back');

# What was refused has stored nothing.
my $rows = @{ $house->integrations };
post(name => '""', unique_identifier => '"nothing"');
is(scalar @{ $house->integrations }, $rows, 'a 422 stores nothing');

finish();
