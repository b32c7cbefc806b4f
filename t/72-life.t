#!/usr/bin/perl
# The life of an integration as README tells it, word for word in bash, and as
# doc/life.mjs does by fetch: what each step comes to.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run);

my $house = house();
$house->worker;
$house->nginx;
my $key_file = "$house->{dir}/api-key";
my $key = $house->admin_ok(qw(key create --user quickstart --scopes),
    'save,read,reveal,verify,admin') =~ s/\n//r;
spew($key_file, "$key\n", 0600);

my ($script) = slurp(source() . '/README.md') =~ /^```sh\n(.*?)^```$/ms;
ok($script, 'README has a script');
my $front = $house->{nginx}{url};
my $program = Strongroom::program('strongroom');
is($script =~ s{^url=http://127\.0\.0\.1:8080/}{url=$front/}m, 1,
    'with an address');
is($script =~ s{^key=~/\S+}{key='$key_file'}m, 1, 'a key');
is($script =~ s{^strongroom=\S+}{strongroom='$program'}m, 1,
    'and a program in it');

# Each step's output by itself, as the script has no word between them.
(my $marked = $script) =~ s/^# (.*)$/printf '\\n== %s\\n' "$1"/mg;
my $ran = run(cmd => ['bash', '-euo', 'pipefail', '-c', $marked],
    env => { PATH => $ENV{PATH}, HOME => $house->{dir},
    TMPDIR => $house->{dir} }, seconds => 120);
is($ran->{exit}, 0, 'it runs') || diag($ran->{err}, $ran->{out});
my %said = $ran->{out} =~ /^== (\w+).*?\n(.*?)(?=^== |\z)/msg;
s/\s+\z// for values %said;

my $saved = decode($said{Save})->{data};
is($saved->{unique_identifier}, 'tracker', 'save: it is saved');
my $changed = decode($said{Change})->{data};
is_deeply([@$changed{qw(integration_id revision)}],
    [$saved->{integration_id}, 2], 'change: the one that was found');
is(decode($said{Refresh})->{data}{revision}, 3, 'refresh: with the lease');
my $revealed = decode($said{Have} =~ s/\A.*\n//r);	# the pair's public key
is_deeply($revealed->{auth_data}, { access_token => 'lin_3',
    refresh_token => 'ref_2', expires_at => '2031-01-01T00:00:00Z' },
    'the tokens, as they are now');
like($said{Rotate}, qr/\A[0-9a-z]{8}\z/, 'the key names itself');
my $new = slurp($key_file) =~ s/\n//r;
isnt($new, $key, 'and is another now');
is($house->http(method => 'GET', path => '/api/v2/api-keys/self',
    key => $new, body => '', type => undef)->{status}, 200,
    'which opens');
my ($audit) = grep { ref eq 'ARRAY' } values %{ decode($said{Who})->{data} };
is_deeply([map { $_->{action} } reverse @$audit],
    [qw(save change lease change reveal_sealed)], 'the audit has it all');
is(${ decode($said{Delete})->{data}{deleted} ? \1 : \0 }, 1,
    'delete: it is gone');
is($house->http(method => 'GET', key => $new, body => '', type => undef,
    path => "/api/v2/integrations/$saved->{integration_id}")->{status}, 404,
    'and is not found');

SKIP: {
	my $node = run(cmd => ['node', '-e', 'fetch'],
	    env => { PATH => $ENV{PATH} });
	skip 'there is no Node.js 18', 2 if $node->{exit} ne '0';
	my $ran = run(cmd => ['node', source() . '/doc/life.mjs'],
	    env => { PATH => $ENV{PATH}, STRONGROOM_URL => "$front/api/v2",
	    STRONGROOM_KEY_FILE => $key_file }, seconds => 120);
	is($ran->{exit}, 0, 'doc/life.mjs runs') || diag($ran->{err});
	is($ran->{out} =~ s/(?<=saved )\S+/ID/r, <<'END', 'and says so');
saved ID
found 1
changed to revision 2
refreshed
revealed access_token refresh_token
made a key for read of linear
audit save change lease change reveal
deleted true
END
}
finish();
