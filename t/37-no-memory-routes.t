#!/usr/bin/perl
# Each allocation of a request for each route fails in its turn: the answer is
# the one that it would be, or a 500; and what is answered is what was done.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::NoMemory;

plan skip_all => 'a sanitizer has an allocator of its own' if slow() > 1;
needs_compiler();

my $house = house();
my $boss = $house->admin_ok(qw(key create --user u --scopes),
    'save,read,admin') =~ s/\n//r;
my $scrapes = $house->admin_ok(qw(key create --user prometheus --scopes
    metrics)) =~ s/\n//r;
my $v2 = '/api/v2';

sub ask {
	my (%o) = @_;
	return $house->cgi(key => $boss, defined $o{body} ? ()
	    : (type => undef, length => undef), %o);
}

sub saved {
	my $answer = ask(body => '{"name":"n","integration_type":"jira",'
	    . '"auth_data":{"access_token":"t"}}');
	return decode($answer->{body})->{data}{integration_id};
}

sub made { decode(ask(method => 'POST', path => "$v2/api-keys",
    body => '{"scopes":["read"]}')->{body})->{data} }

sub lease { ask(method => 'POST', path => "$v2/integrations/$_[0]/"
    . 'refresh-lease', body => '{"seconds":300}') }

# How many rows the question finds.
sub count { ($house->rows("SELECT count(*) AS n FROM $_[0]"))[0]{n} }

# What an answer is but for what differs from one to the next.
sub shape {
	my ($answer) = @_;
	return "$answer->{status} " . $answer->{body}
	    =~ s/"(\w+_id|unique_identifier|api_key|\w+_at)":"[^"]*"/"$1":""/gr;
}

my $odd = '';

# Each attempt: what request returns is asked, the last time with all memory.
# Other than 200, nothing was done; is_done, given the answer, looks at that.
sub survives {
	my ($name, $failure, $request, $is_done) = @_;
	my $whole = ask($request->());
	is($whole->{status}, 200, $name);
	my %status;
	each_failing($name, sub {
		my ($env, $n) = @_;
		my %request = $request->();
		my $answer = ask(%request, env => $env);
		$status{ $answer->{status} }++;
		my $is_whole = shape($answer) eq shape($whole);
		my $is_failure = $answer->{status} == 500
		    && $answer->{body} =~ /"error":"$failure/;
		$odd .= "$name, $n: $answer->{exit} $answer->{status} "
		    . "$answer->{body}\n" if $answer->{exit} =~ /signal|still/
		    || !($is_whole || $is_failure);
		$odd .= "$name, $n: $answer->{status}, and not so\n"
		    if $is_done && $answer->{status} == 200
		    && !$is_done->($answer, \%request);
		return $answer->{err};
	});
	is($odd, '', "$name: the whole answer, or none of it");
	cmp_ok($status{500} // 0, '>', 5, "$name: some are 500");
	$odd = '';
}

my $id = saved();
my $at = "$v2/integrations/$id";
survives("GET $_->[1]", $_->[0], do { my $case = $_; sub { (method => 'GET',
    path => $case->[1], query => $case->[2] // '',
    $case->[3] ? (key => $case->[3]) : ()) } })
    for ['Failed to list integrations', "$v2/integrations", 'limit=5'],
    ['Failed to read integration', $at],
    ['Failed to list API keys', "$v2/api-keys/self"],
    ['Failed to list API keys', "$v2/api-keys"],
    ['Failed to read audit', "$v2/audit", 'limit=5'];

# A change is told of in the audit, in the same transaction.
sub told {
	my ($answer) = @_;
	return count("audit WHERE request_id = "
	    . "'$answer->{headers}{'x-request-id'}'") == 1;
}

survives('a deletion', 'Failed to delete integration',
    sub { (method => 'DELETE', path => "$v2/integrations/" . saved()) },
    sub { my ($answer, $request) = @_;
	my ($gone) = $request->{path} =~ m{([^/]+)\z};
	return told($answer)
	    && count("integrations WHERE integration_id = '$gone'") == 0 });
survives('a lease', 'Failed to lease integration',
    sub { (method => 'POST', path => "$v2/integrations/" . saved()
	. '/refresh-lease', body => '{"seconds":300}') }, \&told);
survives('a lease given back', 'Failed to lease integration',
    sub { my $of = saved();
	my $lease = decode(lease($of)->{body})->{data}{lease_id};
	return (method => 'DELETE',
	    path => "$v2/integrations/$of/refresh-lease",
	    headers => ['Refresh-Lease', $lease]) }, \&told);
survives('a new key', 'Failed to create API key',
    sub { (method => 'POST', path => "$v2/api-keys",
	body => '{"scopes":["read"],"name":"n"}') }, \&told);
survives('a revoked key', 'Failed to revoke API key',
    sub { (method => 'DELETE', path => "$v2/api-keys/" . made()->{public_id}) },
    \&told);
survives('a rotated key', 'Failed to rotate API key',
    sub { (method => 'POST', path => "$v2/api-keys/" . made()->{public_id}
	. '/rotate', body => '{}') }, \&told);

is($house->admin('check')->{exit}, 0, 'all that is stored is whole');
is($house->admin(qw(audit verify))->{exit}, 0, 'and so is the audit');
finish();
