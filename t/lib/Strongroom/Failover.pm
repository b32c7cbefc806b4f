package Strongroom::Failover;

# Clients that save while one server takes another's place, and what has become
# of what they were told.

use strict;
use warnings;
use Exporter 'import';
use Strongroom::Json qw(decode);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(faults gap save_until);

# Eight clients save until there is enough: what was acknowledged, with its id
# and when; every other save without an identifier of its own.
sub save_until {
	my ($house, $i, $enough) = @_;
	my ($n, @saved) = 0;
	until (-e $enough) {
		my $name = "row-$i-" . $n++;
		my $identifier = $n % 2 ? ''
		    : ",\"unique_identifier\":\"$name\"";
		my $said = $house->fcgi(body => "{\"name\":\"$name\","
		    . "\"integration_type\":\"jira\"$identifier}");
		push @saved, $name, decode($said->{body})
		    ->{data}{integration_id} . ' ' . time
		    if $said->{status} == 200;
	}
	return @saved;
}

# What of the acknowledged is not there, or has another id; and what is there
# more than once.
sub faults {
	my ($house, $saved) = @_;
	my (%stored, %times);
	for my $row (@{ $house->integrations }) {
		$stored{$row->{name}} = $row->{integration_id};
		$times{$row->{name}}++;
	}
	return (scalar(grep { ($stored{$_} // '')
	    ne $saved->{$_} =~ s/ .*//r } keys %$saved),
	    scalar(grep { $_ > 1 } values %times));
}

# The longest that nobody was told anything.
sub gap {
	my @at = sort { $a <=> $b } map { (split / /)[1] } @_;
	my $longest = 0;
	for my $i (1 .. $#at) {
		$longest = $at[$i] - $at[$i - 1]
		    if $at[$i] - $at[$i - 1] > $longest;
	}
	return $longest;
}

1;
